// The contrast of every text that is shown with what is behind it.
() => {
  const parts = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return text.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((it) => it / 255).map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const below = (element) => {
    const layers = [];
    for (let it = element; it; it = it.parentElement) layers.unshift(parts(getComputedStyle(it).backgroundColor));
    return layers.reduce((under, [r, g, b, a]) => [r, g, b].map((it, nth) => it * a + under[nth] * (1 - a)), [255, 255, 255]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest(".unseen, .skip, noscript, script, option")) continue;
    const [one, other] = [luminance(parts(getComputedStyle(element).color)), luminance(below(element))].sort((a, b) => b - a);
    found.push([(one + 0.05) / (other + 0.05), text.slice(0, 40), element.className]);
  }
  return found;
};
