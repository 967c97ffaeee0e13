// What the browser remembers for the page.

// The same for this visit only, where the browser stores nothing.
const here = new Map();

export function recall(name) {
  let stored = null;
  try {
    stored = localStorage.getItem(name);
  } catch {
    // The browser stores nothing.
  }
  return stored ?? here.get(name) ?? null;
}

// Remember a value, or forget it (null). Returns whether it is stored for the next visit, too.
export function remember(name, value) {
  here.set(name, value);
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return true;
  } catch {
    return false;
  }
}

// Another tab of the page has stored something. The key is null where everything was cleared.
window.addEventListener("storage", ({ key }) => {
  if (key === null) here.clear();
  else here.delete(key);
});
