// What can be used, or is a picture, and has no name for those who do not see it.
() => {
  const name = (it) => it.getAttribute("aria-label") || it.getAttribute("title") || it.alt || it.textContent.trim()
    || (it.labels && it.labels[0] && it.labels[0].textContent.trim())
    || (it.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
  const wanted = "a, button, input, select, textarea, [role=option], [role=listbox], [role=tab], [role=img], [role=tabpanel], [tabindex='0']";
  return [...document.querySelectorAll(wanted)]
    .filter((it) => it.checkVisibility() && !name(it)).map((it) => it.outerHTML.slice(0, 120));
};
