/** Sets a text only where it differs, so that nothing is drawn, selected or read out anew. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text
  }
}

/** Shows the element where there is a text for it. */
export function sayOrHide(element, text) {
  say(element, text ?? '')
  element.hidden = text === undefined
}

/** A new element with a class, in a parent. */
export function add(parent, name, className) {
  const element = document.createElement(name)
  if (className !== undefined) {
    element.className = className
  }
  parent.append(element)
  return element
}

/** A term and the element for what is said of it. */
export function addFact(list, term) {
  const group = add(list, 'div')
  add(group, 'dt').textContent = term
  return add(group, 'dd')
}
