// Elements, made and changed.

// An element with properties and children.
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Set what has changed: what is set anew, even to what it was, costs a frame its time.
export const set = (target, name, value) => {
  if (target[name] !== value) target[name] = value;
};
