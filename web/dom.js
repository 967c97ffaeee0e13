// Makes and changes elements.

// An element with properties and children.
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Set a property if it changes, because setting the same value again would slow each frame down.
export const set = (target, name, value) => {
  if (target[name] !== value) target[name] = value;
};
