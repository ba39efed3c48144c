// Streamlit takes a chart away before it makes the next, and hides a tab's or a whole page's before it asks for
// another: a copy of the chart stands where it stood until the next is there, or until it is known that none comes.

const STOOD_FOR = 5000 // milliseconds at most
const CHART = ".js-plotly-plot:not(.lab-stood)"
const COMING = ":is([data-testid=stPlotlyChart], [data-testid=stSkeleton]):not([data-st-inactive] *)"
const ELEMENT = "[data-testid=stElementContainer], [data-testid=stLayoutWrapper]"
const STATE = "data-test-script-state"
const HEADLINE = "h1.lab-headline"
const seen = new Map() // chart on the screen → its copy, where it is, and how large before it is drawn smaller
const stood = new Set() // copies that stand: where, and whether all that comes instead of them has come

const main = () => document.querySelector("[data-testid=stMain]")
const isDrawn = plot => plot.style.visibility !== "hidden" && plot.querySelector(".main-svg .subplot")
const isSeen = plot => plot.isConnected && plot.checkVisibility()
const isContent = node => node.matches?.(ELEMENT) || node.querySelector?.(ELEMENT)
const isRunning = () => document.querySelector(".stApp")?.dataset.testScriptState === "running"
const isComing = one => isSeen(one) && !(one.querySelector(CHART) && isDrawn(one.querySelector(CHART)))
const lieOver = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom

function look() {
  const headline = document.querySelector(HEADLINE)?.closest(ELEMENT)
  if (headline?.offsetHeight) {
    high = headline.getBoundingClientRect().height
    below = headline.nextElementSibling
    top = below?.getBoundingClientRect().top
  }
  for (const plot of main()?.querySelectorAll(CHART) ?? []) {
    if (!plot.on || !isSeen(plot) || !isDrawn(plot)) continue
    if (!seen.has(plot)) {
      const copy = () => { seen.get(plot).drawn = plot.querySelector(".plot-container").cloneNode(true) }
      seen.set(plot, {})
      copy()
      plot.on("plotly_afterplot", () => seen.has(plot) && copy())
    }
    const [box, width, height] = [plot.getBoundingClientRect(), plot.offsetWidth, plot.offsetHeight]
    Object.assign(seen.get(plot), { box, width, height })
  }
}

function changed(records) {
  keepRoom()
  for (const [plot, copy] of seen) {
    if (isSeen(plot)) continue
    seen.delete(plot)
    if (document.querySelector(".lab-moving")) continue // of which a hand has just let go
    // Of a page that is asked for, all else goes as well; a slow browser never shows that a short run was on.
    leaveBehind(copy, !plot.isConnected && !isRunning() && Boolean(main()?.querySelector(ELEMENT)))
  }
  if (!stood.size) return
  const isFresh = records.some(({ target, attributeName, addedNodes }) =>
    attributeName === STATE || (main()?.contains(target) && [...addedNodes].some(isContent)))
  const next = [...main()?.querySelectorAll(CHART) ?? []].filter(plot => isSeen(plot) && isDrawn(plot))
  const isWaitedFor = [...main()?.querySelectorAll(COMING) ?? []].some(isComing)
  for (const one of stood) {
    one.hasCome ||= isFresh && !isRunning()
    if (next.some(plot => lieOver(plot.getBoundingClientRect(), one.box)))
      requestAnimationFrame(() => requestAnimationFrame(() => leave(one))) // it is seen by then
    else if (one.hasCome && !isWaitedFor) leave(one)
  }
}

// Or what stands below would move up: while a bar is in a headline's place, and before, when neither is there.
function keepRoom() {
  const bar = document.querySelector(".st-key-waiting")
  if (bar && !bar.style.minHeight) bar.style.minHeight = `${high}px`
  const isBare = Boolean(below) && !bar && isRunning() && !document.querySelector(HEADLINE)
  if (isBare === wasBare) return
  below.style.marginTop = isBare ? `${top - below.getBoundingClientRect().top}px` : ""
  wasBare = isBare
}

function leaveBehind({ drawn, box, width, height }, hasCome) {
  const over = document.createElement("div")
  over.className = "js-plotly-plot lab-stood"
  over.ariaHidden = "true"
  over.append(drawn)
  Object.assign(over.style, {
    position: "fixed", inset: "auto", left: `${box.left}px`, top: `${box.top}px`,
    width: `${width}px`, height: `${height}px`, transformOrigin: "0 0", transform: `scale(${box.width / width})`,
  })
  main()?.append(over)
  const one = { over, box, hasCome }
  stood.add(one)
  setTimeout(leave, STOOD_FOR, one)
}

function leave(one) {
  one.over.remove()
  stood.delete(one)
}

let high = 0 // of the last headline, in pixels
let below = null // what stands below it, and where that begins
let top = 0
let wasBare = false
let frame = 0
new MutationObserver(records => {
  changed(records)
  cancelAnimationFrame(frame)
  frame = requestAnimationFrame(look)
}).observe(document.body, { childList: true, subtree: true, attributeFilter: [STATE] })
addEventListener("scroll", look, { capture: true, passive: true })
addEventListener("resize", look)
look()
