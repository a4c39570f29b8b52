// Questions to the control plane, and its news.

/** Ask; throws an Error in the server's own words. */
export async function ask(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, each);
  }
  const response = await fetch(`/api/${path}?${query}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** Listen: `heard[name](data)` for each piece of news, `heard.live(true or false)` as the connection comes and goes. */
export function listen(heard) {
  const source = new EventSource("/api/news");
  source.onopen = () => heard.live(true);
  source.onerror = () => heard.live(false);
  for (const name of ["world", "envoys", "samples"]) {
    source.addEventListener(name, (event) => heard[name](JSON.parse(event.data)));
  }
}

/** Call a function at once, and while it works or rests only once more for however many calls. */
export function calmly(work, rest) {
  let busy = false;
  let again = false;
  return async function call() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await work();
    } catch (error) {
      console.warn(error.message);
    }
    setTimeout(() => {
      busy = false;
      if (again) {
        again = false;
        call();
      }
    }, rest);
  };
}
