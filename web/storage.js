// What the browser remembers for the page.

// Values that it could not store. They last for this visit.
const here = new Map();

export function recall(name) {
  try {
    return here.get(name) ?? localStorage.getItem(name);
  } catch {
    return null;
  }
}

// Remember a value, or forget it (null). Returns whether it is stored for the next visit, too.
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
