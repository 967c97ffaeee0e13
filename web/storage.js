// Values that the browser remembers for the page.

// Values that the browser could not store. They last until the page is closed.
const here = new Map();

export function recall(name) {
  try {
    return here.get(name) ?? localStorage.getItem(name);
  } catch {
    return null;
  }
}

// Remember a value, or forget it (null). Returns whether this outlives the page.
export function remember(name, value) {
  here.delete(name);
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return true;
  } catch {
    here.set(name, value);
    return false;
  }
}
