import type { Goal, Row, Table } from './results.ts'

/** Lines of cells, the headings first. */
export type Grid = readonly (readonly string[])[]

/** A table's rows, with a column for page faults where any row has them. */
export function rowsGrid({ title, rows }: Table): Grid {
  const withFaults = rows.some(({ faults }) => faults !== undefined)
  const faultsOf = ({ faults }: Row) => (faults ? `${formatCount(faults.minor)} / ${formatCount(faults.major)}` : '')
  return [
    [title, 'median', 'p95', 'p99', 'times', ...(withFaults ? ['page faults, minor / major'] : [])],
    ...rows.map((row) => {
      const { median, p95, p99, count } = row.figures
      const figures = [median, p95, p99].map((value) => formatFigure(value, row.unit))
      return [row.what, ...figures, String(count), ...(withFaults ? [faultsOf(row)] : [])]
    }),
  ]
}

/** What was promised beside what was measured. */
export function goalsGrid(goals: readonly Goal[]): Grid {
  return [
    ['promised', 'budget', 'measured', ''],
    ...goals.map((goal) => {
      const [words, budget] =
        'atLeast' in goal.budget ? ['at least', goal.budget.atLeast] : (['at most', goal.budget.atMost] as const)
      return [
        goal.what,
        `${words} ${formatFigure(budget, goal.unit)}`,
        formatFigure(goal.measured, goal.unit),
        isMet(goal) ? 'met' : 'missed',
      ]
    }),
  ]
}

export function isMet({ measured, budget }: Goal): boolean {
  return 'atLeast' in budget ? measured >= budget.atLeast : measured <= budget.atMost
}

/** For a terminal. */
export function asText(grid: Grid): string {
  const widths = widthsOf(grid)
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('   ')
  return grid.map((cells) => line(cells).trimEnd()).join('\n')
}

/** For a document. */
export function asMarkdown(grid: Grid): string {
  const [headings = [], ...lines] = grid
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [headings, headings.map((_, column) => (column === 0 ? '---' : '--:')), ...lines].map(line).join('\n')
}

/** Two digits where a figure is small, whole numbers where it is large. */
export function formatFigure(value: number, unit: string): string {
  const digits = Math.abs(value) < 10 && !Number.isInteger(value) ? (unit === 'times' ? 2 : 1) : 0
  const number = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return unit === '%' ? `${number} %` : `${number} ${unit}`
}

function formatCount(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 0 })
}

function widthsOf(grid: Grid): number[] {
  const columns = Math.max(...grid.map((cells) => cells.length))
  return Array.from({ length: columns }, (_, column) => Math.max(...grid.map((cells) => cells[column]?.length ?? 0)))
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}
