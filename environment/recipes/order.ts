import { OsrunError } from '../../src/protocol/errors.ts'

/**
 * The names of recipes in an order in which each comes after the one that it starts from.
 * @param source where they stand, for the error
 * @throws OsrunError BAD_OPTION for recipes that start from each other
 */
export function orderRecipes(recipes: Readonly<Record<string, { readonly from?: string }>>, source: string): string[] {
  const ordered = new Set<string>()
  function add(name: string, above: readonly string[]): void {
    if (above.includes(name)) {
      const circle = [...above.slice(above.indexOf(name)), name]
      throw new OsrunError(
        'BAD_OPTION',
        `Expected the option \`snapshots.${above.at(-1)}.from\` in ${source} to lead to a snapshot in the end, got a ` +
          `circle: ${circle.join(' from ')}`,
      )
    }
    const from = recipes[name]?.from
    if (from !== undefined && Object.hasOwn(recipes, from) && !ordered.has(from)) {
      add(from, [...above, name])
    }
    ordered.add(name)
  }
  for (const name of Object.keys(recipes)) {
    if (!ordered.has(name)) {
      add(name, [])
    }
  }
  return [...ordered]
}
