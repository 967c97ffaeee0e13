// Makes and changes elements.

// An element with properties and children.
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Set a property if it changes: setting the same value again would cost time in each frame.
export const set = (target, name, value) => {
  if (target[name] !== value) target[name] = value;
};
