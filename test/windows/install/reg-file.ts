/** A value that a registry file sets; without data, the file deletes it. A key alone has no name. */
export interface RegistryLine {
  readonly key: string
  readonly name?: string
  readonly type?: 'REG_SZ' | 'REG_DWORD'
  /** As `reg query` shows it. */
  readonly data?: string
}

/** What a registry file of ours says. @throws where a line is no part of one */
export function readRegFile(text: string): RegistryLine[] {
  const [header, ...lines] = text.replace(/^\ufeff/, '').split(/\r?\n/)
  if (header !== 'Windows Registry Editor Version 5.00') {
    throw new Error(`no registry file begins with ${header}`)
  }
  let key: string | undefined
  const found: RegistryLine[] = []
  for (const line of lines) {
    const section = /^\[(HKEY_LOCAL_MACHINE(?:\\[^\\[\]]+)+)\]$/.exec(line)?.[1]
    if (section !== undefined) {
      key = section
      found.push({ key })
    } else if (line !== '' && !line.startsWith(';')) {
      found.push({ key: key ?? fail(line), ...readValue(line) })
    }
  }
  return found
}

function readValue(line: string): Omit<RegistryLine, 'key'> {
  const [, name, dword, text, gone] = /^"([^"\\]+)"=(?:dword:([0-9a-f]{8})|"([^"\\]*)"|(-))$/.exec(line) ?? fail(line)
  if (name === undefined || gone !== undefined) {
    return { name: name ?? fail(line) }
  }
  return dword === undefined
    ? { name, type: 'REG_SZ', data: text ?? '' }
    : { name, type: 'REG_DWORD', data: `0x${Number.parseInt(dword, 16).toString(16)}` }
}

function fail(line: string): never {
  throw new Error(`not a line of a registry file: ${line}`)
}
