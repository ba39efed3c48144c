// What a page cannot do from the server: the document's language, keys, full screen, the clipboard, and
// pictures of charts, which the browser's own Plotly draws. Mounted once a page; it works by delegation.

const COPIED_FOR = 2500 // milliseconds
const APART = 130 // milliseconds between two presses: of two at once, the server would see one
const SAME = { "？": "?", "【": "[", "】": "]" } // as Chinese keyboards type them
const KEYS = {
  ArrowRight: "next", PageDown: "next", ArrowLeft: "previous", PageUp: "previous",
  d: "again", Enter: "reveal", h: "predict_first", p: "project", s: "share", e: "export",
  "[": "plan_previous", "]": "plan_next",
}
// while a plan is held, a remote's buttons, and the arrows that some send, go through it and nowhere else
const REMOTE = { ArrowRight: "plan_next", PageDown: "plan_next", ArrowLeft: "plan_previous", PageUp: "plan_previous" }
const PLAN = "lab-plan" // what the browser keeps a lecturer's own plan as
const PREDICTED = "lab-predicted" // and a result that has been uncovered, with what was guessed of it

let words = {}
let view = ""
const hands = {} // the script of each kind of chart that can be moved, once one has been on the page
let reach = null // what the keyboard comes to, where there is a server that hands out scripts
let lecture = null // what two windows of a lecture tell each other, once there is one
let send = () => {}

const button = name => document.querySelector(`.st-key-${name} button:not([disabled]), [data-lab-does=${name}]`)

// when arrow keys went along the tabs: a run may then draw them anew, without the focus
let tabbed = -Infinity

function refocused() {
  if (document.activeElement === document.body && performance.now() - tabbed < 3000)
    document.querySelector("[role=tab][aria-selected=true]")?.focus()
}

// a field or a list has the arrows and letters for itself, a tab the arrows, a button Enter
const busy = event => {
  const typed = event.getModifierState("AltGraph") // as many keyboards type [ and ]
  if (!typed && (event.ctrlKey || event.metaKey || event.altKey) || event.isComposing) return true
  const at = event.target.closest?.("input,textarea,select,[contenteditable=true],[role=combobox],[role=listbox],[role=slider],[role=radio],[role=dialog]")
  if (event.target.closest?.("[role=tab]") && /^(Arrow|Home|End|Page|Enter)/.test(event.key)) {
    tabbed = performance.now()
    return true
  }
  if (event.key === "Enter" && at?.dataset.labSketch) return false // which it reveals
  if (/^\S$/.test(event.key) && at?.matches("[inputmode=none][aria-expanded=false]")) return false // nothing is typed there
  return Boolean(at) || (event.key === "Enter" && event.target !== document.body)
}

// a remote has no second button to leave a tab, a handle or a field: its two go through the plan from there
const remote = event => words.plan && /^Page(Up|Down)$/.test(event.key) && !event.ctrlKey && !event.metaKey
  && !event.altKey && !event.target.closest?.("textarea") && !document.querySelector("[role=listbox]")

function pressed(event) {
  const key = SAME[event.key] ?? (event.key.length === 1 ? event.key.toLowerCase() : event.key)
  const planned = words.plan && REMOTE[key]
  if (document.querySelector("dialog.lab-keys[open]")) {
    if (key === "?" || planned) closeHelp()
    return
  }
  if (!remote(event) && busy(event)) return
  let done = true
  if (words.lecture?.view === "presenter") done = presented(key, planned)
  else if (planned) ask(planned)
  else if (key === "?") help()
  else if (/^[1-9]$/.test(key)) { // the views, whose tabs a projector does not show
    const tab = document.querySelectorAll("[data-testid=stMain] [role=tab]")[key - 1]
    if (tab) tab.click()
    else done = false
  }
  else if (key === "f") fullScreen()
  else if (key === "m" || key === "Escape") done = toMenu(key)
  else if (KEYS[key] && (button(KEYS[key]) || words.actions.includes(KEYS[key]))) ask(KEYS[key])
  else done = false
  if (done) { event.preventDefault(); event.stopPropagation() }
}

// a presenter's window moves nothing of its own: what a lecturer presses is for the class
function presented(key, planned) {
  const does = planned || (key === "d" && "again")
  if (does) lecture?.then(({ drive }) => drive(does))
  else if (key === "?") help()
  else if (key === "f") fullScreen()
  else return false
  return true
}

// one after the other, each when the run that the one before asked for has ended
const asked = []
let after = 0
const ask = name => asked.push(name) === 1 && next()
function next() {
  const runs = document.querySelector(".stApp")?.dataset.testScriptState === "running"
  if (runs || performance.now() < after) return void setTimeout(next, 30)
  after = performance.now() + APART
  const name = asked[0]
  if (button(name)) button(name).click()
  else if (words.actions.includes(name)) {
    if (name === "again") hands.hand?.then(({ redraw }) => redraw())
    send("pressed", name)
  }
  asked.shift()
  if (asked.length) next()
}

// a projector shows its menu while that has the focus
function toMenu(key) {
  const first = document.querySelector(".st-key-nav :is(a,button)")
  if (document.activeElement.closest(".st-key-nav")) document.activeElement.blur()
  else if (key === "Escape" || !first) return false
  else first.focus()
  return true
}

const fullScreen = () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.()

const closeHelp = () => document.querySelector("dialog.lab-keys")?.close()

function help() {
  document.querySelector("dialog.lab-keys")?.remove()
  const made = (tag, has) => Object.assign(document.createElement(tag), has)
  const dialog = made("dialog", { className: "lab-keys", tabIndex: -1 })
  dialog.setAttribute("aria-labelledby", "lab-keys-title")
  const title = made("h2", { id: "lab-keys-title", textContent: words.title })
  const table = made("table")
  for (const [keys, does] of words.keys) {
    const row = table.insertRow()
    const head = made("th", { scope: "row" })
    for (const key of keys) head.append(made("kbd", { textContent: key }), " ")
    row.append(head)
    row.insertCell().textContent = does
  }
  const shut = made("button", { className: "lab-button", textContent: words.close })
  shut.addEventListener("click", closeHelp)
  dialog.append(title, table, shut)
  dialog.addEventListener("click", event => event.target === dialog && closeHelp())
  // inside the app, whose style it shares
  document.querySelector(".stApp").append(dialog)
  dialog.showModal()
  dialog.focus() // not its button: a screen that is too low would show its end first
}

async function copy(text) {
  try { // only where the page came by https or from this machine
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement("textarea")
    field.value = text
    field.style.position = "fixed"
    const place = document.querySelector("[role=dialog]") ?? document.body // a dialog keeps the focus inside
    place.append(field)
    field.select()
    const done = document.execCommand("copy")
    field.remove()
    return done
  }
}

// Plotly's own button draws and saves; it is told what first
function picture(format, at) {
  const chart = at.closest("[class*=st-key-offer_]")?.querySelector(".js-plotly-plot")
  const camera = chart?.querySelector(".modebar-btn")
  if (!camera) return
  chart._context.toImageButtonOptions = { ...chart._context.toImageButtonOptions, format, scale: format === "svg" ? 1 : 3 }
  camera.click()
}

// a button on the page leads to the drawer's controls, where it is folded away
function unfold(event) {
  if (!event.target.closest?.("[data-lab-unfold]")) return
  document.querySelector("[data-testid=stExpandSidebarButton]")?.click()
}

// by keys, the drawer's controls come next
function unfolded(event) {
  if (!event.target.closest?.("[data-testid=stExpandSidebarButton]") || event.detail) return
  setTimeout(() => document.querySelector("[data-testid=stSidebarUserContent] :is(input,button,summary)")?.focus(), 350)
}

const embedded = url => { // in the theme that was chosen here
  for (const [name, value] of new URLSearchParams(location.search))
    if (name.startsWith("embed")) url.searchParams.append(name, value)
  return url
}

// a view of a lecture in a window of its own: the same one each time
function opened(event) {
  const link = event.target.closest?.("a[data-lab-window]")
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  window.open(embedded(new URL(link.href)), `lab-${link.dataset.labWindow}`)
}

// the menu's links: the front end answers an entry of the history without being loaded anew
function turned(event) {
  const link = event.target.closest?.("a[data-lab-page]")
  if (link?.dataset.labDoes && event.isTrusted && words.lecture?.view === "presenter") {
    event.preventDefault()
    lecture?.then(({ drive }) => drive(link.dataset.labDoes))
    return
  }
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  history.pushState({}, "", embedded(new URL(link.href)))
  dispatchEvent(new PopStateEvent("popstate"))
}

async function clicked(event) {
  if (event.detail && document.activeElement?.dataset.testid === "stMain") document.activeElement.blur() // a press on nothing
  for (const does of [unfold, unfolded, opened, turned]) does(event)
  const at = event.target.closest?.("[data-lab-copy],[data-lab-picture],[data-lab-theme],[data-lab-keys]")
  if (!at) return
  const { labCopy, labPicture, labTheme } = at.dataset
  if (labTheme) { // only a fresh page can change Streamlit's theme; it keeps all that was chosen
    event.preventDefault()
    const url = new URL(location.href)
    url.searchParams.set("embed_options", labTheme)
    location.assign(url)
  } else if (labPicture) picture(labPicture, at)
  else if (labCopy !== undefined) {
    const said = at.parentElement.querySelector(".lab-copied")
    const done = await copy(labCopy)
    if (said) {
      said.textContent = done ? said.dataset.done : said.dataset.failed
      setTimeout(() => { said.textContent = "" }, done ? COPIED_FOR : 4 * COPIED_FOR)
    }
  } else help()
}

// the drawer is folded in front of a class, and open afterwards
function seen(now) {
  if (view && now !== view && (now !== "page" || innerWidth > 768)) { // on a phone it would cover the page
    const shut = now !== "page" ? "[data-testid=stSidebarCollapseButton] button" : "[data-testid=stExpandSidebarButton]"
    document.querySelector(shut)?.click()
  }
  view = now
}

// a note that is written anew is as open as the visitor left the last
let readOpen = false
function noted() {
  for (const note of document.querySelectorAll("details.lab-note:not([data-lab-noted])")) {
    note.dataset.labNoted = ""
    note.open = readOpen
    note.addEventListener("toggle", () => { readOpen = note.open })
  }
}

// a page that nobody has seen for so long gives its seat away; what it shows is all in its link
let leaving = 0
function away() {
  clearTimeout(leaving)
  if (document.hidden && words.idle)
    leaving = setTimeout(() => {
      location.replace(new URL(`asleep#${encodeURIComponent(location.href)}`, location.href))
    }, 1000 * words.idle)
}

// what ends the connection greys the fields; it is said, to who does not see it too
function connected() {
  const app = document.querySelector(".stApp"), state = app?.dataset.testConnectionState
  const lost = !state || state === "CONNECTED" ? "" : state === "DISCONNECTED_FOREVER" ? words.gone : words.lost
  let said = document.querySelector(".lab-lost")
  if (!said) { // there before it has words: a screen reader tells what changes in it
    said = document.createElement("p")
    said.className = "lab-lost"
    said.setAttribute("role", "status")
    document.body.append(said)
  }
  if (said.textContent !== lost) said.textContent = lost
  document.documentElement.toggleAttribute("data-lab-lost", Boolean(lost))
}

// Streamlit's own dialog asks visitors for a terminal, and silences all else
const hush = () => document.querySelector(".lab-lost:not(:empty)")
  && document.querySelector("[role=dialog]:has([data-testid=stErrorCodeBlock])>button")?.click()

// the style sheet ends transitions; what scripts animate ends here
function still() {
  const animate = Element.prototype.animate
  Element.prototype.animate = function (...how) {
    const animation = animate.apply(this, how)
    if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish()
    return animation
  }
}

// a lecturer's own plan outlives the page: what was changed is kept, and what is kept told to who has none
let written = 0
function keepPlan({ text, edit, wanted, needed }) {
  let own = ""
  try { // which a browser may refuse
    if (edit > written) text === null ? localStorage.removeItem(PLAN) : localStorage.setItem(PLAN, text)
    own = localStorage.getItem(PLAN) ?? ""
  } catch {}
  written = edit
  if (wanted && (own || needed)) setTimeout(() => send("kept", own))
}

// who reloads, or changes the theme, finds uncovered what was; who comes back from elsewhere predicts again
let loaded = false
function keepPredicted(now) {
  try { // which a browser may refuse
    const kept = JSON.parse(sessionStorage.getItem(PREDICTED))
    if (now?.open) sessionStorage.setItem(PREDICTED, JSON.stringify(now))
    else if (!loaded && kept && kept.token === now?.token) setTimeout(() => send("recalled", kept))
    else sessionStorage.removeItem(PREDICTED)
  } catch {}
  loaded = true
}

export default function ({ data, setTriggerValue }) {
  document.documentElement.lang = data.lang
  words = data
  send = setTriggerValue
  keepPlan(data.kept)
  keepPredicted(data.predicted)
  seen(data.view)
  const kind = data.live ? data.live.moves ?? "hand" : "" // only where there is a server that hands out scripts
  if (kind) hands[kind] ??= import(new URL(`${kind}.js`, import.meta.url))
  if (data.drop) hands.drop ??= import(new URL("drop.js", import.meta.url))
  if (data.sketch) hands.sketch ??= import(new URL("sketch.js", import.meta.url))
  for (const [own, hand] of Object.entries(hands))
    hand.then(({ follow }) => follow(own === kind ? data.live : null, setTriggerValue))
  if (data.lecture && (lecture || data.plan)) {
    lecture ??= import(new URL("lecture.js", import.meta.url))
    lecture.then(({ follow }) => follow(data.lecture, ask))
  }
  if (data.names) {
    reach ??= import(new URL("keyboard_names.js", import.meta.url))
    reach.then(({ follow }) => follow(data.names))
    import(new URL("standing_charts.js", import.meta.url))
  }
  if (data.names && data.view === "projector") import(new URL("projector_bar.js", import.meta.url))
  if (window.labListens) return
  window.labListens = true
  document.addEventListener("keydown", pressed, true)
  document.addEventListener("click", clicked)
  document.addEventListener("visibilitychange", away)
  addEventListener("storage", event => event.key === PLAN && send("kept", event.newValue ?? "")) // another tab's editor
  // a pointer's press leaves the focus where it was, so that Enter goes on to reveal
  document.addEventListener("mousedown", event => event.target.closest?.(":is(.st-key-desk, .st-key-project) button") && event.preventDefault())
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) still()
  new MutationObserver(connected)
    .observe(document.body, { subtree: true, attributeFilter: ["data-test-connection-state"] })
  connected()
  let frame = 0
  new MutationObserver(() => {
    cancelAnimationFrame(frame)
    frame = requestAnimationFrame(() => {
      reach?.then(({ attach }) => attach())
      noted()
      refocused()
      hush()
      for (const hand of Object.values(hands)) hand.then(({ attach }) => attach())
    })
  }).observe(document.body, { childList: true, subtree: true })
  noted()
}
