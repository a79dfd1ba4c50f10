/** An element of XML: text or other elements inside of it. */
export interface Element {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly content: string | readonly Element[]
}

/** A document in ASCII: all other characters as numbers, so that no program on its way can take it for another code page. */
export function renderXml(root: Element): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n${renderElement(root, '')}\n`
}

function renderElement({ name, attributes = {}, content }: Element, indent: string): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`)
  const inner =
    typeof content === 'string'
      ? escaped(content)
      : `\n${content.map((each) => `${renderElement(each, `${indent}  `)}\n`).join('')}${indent}`
  return `${indent}<${name}${words.join('')}>${inner}</${name}>`
}

function escaped(text: string): string {
  return text.replace(/[^\x20-\x7e]|[&<>"']/gu, (character) => `&#${character.codePointAt(0)};`)
}
