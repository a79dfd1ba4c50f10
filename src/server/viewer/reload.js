// A browser gives up what it was about to load when the computer's network changes, as it does each time a container
// starts or a phone finds another one, and does not ask again: the page would wait for its scripts for ever.
const soon = 1000
// Where that did not help, something keeps the file from this page: no use asking all the time.
const later = 5000

let waiting = false

addEventListener(
  'error',
  ({ target }) => {
    if (!waiting && (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement)) {
      waiting = true
      const [{ type }] = performance.getEntriesByType('navigation')
      setTimeout(reload, type === 'reload' ? later : soon)
    }
  },
  { capture: true },
)

// In place of a page that the browser makes where no server answers, and which stays.
async function reload() {
  const answers = await fetch('/healthz').then(
    ({ ok }) => ok,
    () => false,
  )
  if (answers) {
    location.reload()
  } else {
    setTimeout(reload, soon)
  }
}
