// Schemes on the plane of σ_w² and σ_b², which a hand moves over the edge of chaos. Map and edge stay; dots, names,
// headline, table, and the lengths beside it follow in the same frame, by theory in this browser. The server hears
// of it once.

import { made } from "./handles.js"
import { Lengths } from "./length_map.js"
import { Theory } from "./meanfield.js"
import { filled } from "./numbers.js"
import { copyOf } from "./moving_histogram.js"
import { dragged, isHeld } from "./pointer.js"
import { Signs, headline, numbersOf } from "./plane_words.js"

const PATIENCE = 10_000 // milliseconds for which the server's picture is waited for
const QUIET = 350 // milliseconds after the last key, until it is as if a hand had let go
const LEAST = 0.01 // of σ_w² that a hand can set
const SMALLEST = 0.0005 // of σ_b, below which it is 0
const STEPS = { ArrowRight: ["sigma_w2", 1], ArrowLeft: ["sigma_w2", -1], ArrowUp: ["sigma_b", 1], ArrowDown: ["sigma_b", -1] }
const CHARTS = ["chart", "lengths"]
const CONTROL = { sigma_w2: "rows", sigma_b: "sigma_b" }

const room = (name = "chart") => document.querySelector(`.st-key-chaos .st-key-${name}`)
const layer = (name = "chart") => room(name).querySelector(":scope > .lab-layer") ?? made("div", "lab-layer", room(name))
const chart = (name = "chart") => room(name)?.querySelector(".js-plotly-plot:not(.lab-stood)")
const isNow = plot => Boolean(live && plot?._fullData) && plot.layout?.meta === live.token
const areNow = () => CHARTS.every(name => isNow(chart(name)))
const running = () => document.querySelector(".stApp")?.dataset.testScriptState === "running"

let live = null // what the page has told
let plane = null
let theory = null
let known = "" // of which activation it is
let tell = () => {}
let held = null // the dot that is moved, until the server's picture of it stands
const watched = new WeakSet() // charts that tell when they have been drawn anew
let hinted = false
let quiet = 0
let handles = [] // of each dot, one handle with a slider for σ_w² and one for σ_b

// --- numbers

const rounded = x => Number(x.toPrecision(3))
const between = (x, least, most) => Math.min(most, Math.max(least, x))
const widths = x => between(rounded(x), LEAST, plane.most.sigma_w2)
const biases = x => x < SMALLEST ? 0 : Math.min(rounded(x), plane.most.sigma_b)

// The fewest digits with which a scheme's number gives σ_w² to nine.
function numberFor({ unit, power }, sigma_w2) {
  const exact = (sigma_w2 / unit) ** (1 / power)
  for (let digits = 1; digits < 17; digits++) {
    const x = Number(exact.toPrecision(digits))
    if (Math.abs(unit * x ** power / sigma_w2 - 1) < 1e-10) return x
  }
  return exact
}

// The dots as they are now: in the hand, or where they stand.
function dotsNow() {
  return plane.dots.map(dot => {
    const isHeld = held?.dot.at === dot.at && held.sigma_w2 !== dot.sigma_w2
    const sigma_w2 = isHeld ? held.sigma_w2 : dot.sigma_w2
    const sigma_b2 = held && held.sigma_b !== Math.sqrt(dot.sigma_b2) ? held.sigma_b ** 2 : dot.sigma_b2
    const x = isHeld ? numberFor(dot, sigma_w2) : null
    const given = { spread: sigma_w2, floor: sigma_b2, start: sigma_w2 * plane.start + sigma_b2 }
    return { ...dot, sigma_w2, sigma_b2, x, given, ...theory.stand(given) }
  })
}

// --- one frame

function frame() {
  held.asked = 0
  held.dots = dotsNow()
  held.frames++
  held.signs.show(held.dots)
  held.lengths.show(held.dots)
  held.said = numbersOf(held.dots, theory, plane)
  write(held.said)
  bubble()
  place(held.dots)
}

// What is written of the dots, into the page; what was there is kept.
function write({ texts, head, unknown }) {
  const said = headline(head)
  const title = document.querySelector("h1.lab-headline")
  if (title) put(title, said)
  for (const at of document.querySelectorAll("[data-lab-now]")) {
    const text = at.dataset.labNow === "here" ? "" : texts[at.dataset.labNow]
    if (text !== undefined) put(at, text)
    at.classList.toggle("lab-old", unknown.includes(at.dataset.labNow))
  }
  for (const old of [...fields(), ...document.querySelectorAll("[data-lab-old]")]) old.classList.add("lab-old")
}

function put(element, html) {
  const { found } = held.before.get(element) ?? { found: element.innerHTML }
  if (element.innerHTML !== html) element.innerHTML = html
  held.before.set(element, { found, wrote: element.innerHTML })
}

// The controls whose numbers the server knows better.
const fields = () => document.querySelectorAll(held.moved.map(name => `.st-key-${CONTROL[name]}`).join() || "never")

function bubble() {
  const { words } = plane
  const { dot, moved } = held
  const now = held.dots.find(({ at }) => at === dot.at)
  const lines = [["sigma_w2", "σ_w²", now.sigma_w2, dot.sigma_w2], ["sigma_b", "σ_b", held.sigma_b, Math.sqrt(dot.sigma_b2)]]
    .filter(([name]) => moved.includes(name))
    .map(([, name, value, before]) => filled(words.was, { name, value: rounded(value), before: rounded(before) }))
  if (moved.includes("sigma_w2") && dot.becomes) lines.push(filled(words.becomes, { name: held.signs.nameOf(now) }))
  held.bubble ??= made("div", "lab-bubble", layer())
  held.bubble.textContent = lines.join("\n")
  held.bubble.hidden = !lines.length
  const [x, y] = held.signs.placeOf(now)
  const [own, whole] = [held.bubble.offsetWidth, held.cover.clientWidth]
  const [half, high] = [held.bubble.offsetHeight / 2, held.cover.clientHeight]
  const side = [x + 30, x - 30 - own].find(left => left >= 0 && left + own + 4 < whole)
  // where neither side of the mark has room, at the far end of the chart
  const top = side === undefined ? (y > high / 2 ? half : high - half) : Math.min(y + 6, high - half)
  held.bubble.style.cssText = `top:${top}px;left:${side ?? between(x - own / 2, 0, whole - own)}px`
}

function place(dots) {
  const plot = chart()
  if (!live || !plot?._fullLayout?.xaxis) return
  const signs = held?.signs ?? new Signs(plot, plot, plane)
  for (const { dot, element, sliders } of handles) {
    const now = dots.find(({ at }) => at === dot.at)
    const [x, y] = signs.placeOf(now)
    element.style.left = `${x}px`
    element.style.top = `${y}px`
    describe(sliders, now)
  }
}

function describe(sliders, { sigma_w2, sigma_b2, phase, name }) {
  const told = {
    sigma_w2: [rounded(sigma_w2), Math.min(LEAST, rounded(sigma_w2)), Math.max(plane.most.sigma_w2, rounded(sigma_w2)), `σ_w² = ${rounded(sigma_w2)}: ${plane.words.phases[phase]}`],
    sigma_b: [rounded(Math.sqrt(sigma_b2)), 0, plane.most.sigma_b, `σ_b = ${rounded(Math.sqrt(sigma_b2))}: ${plane.words.phases[phase]}`],
  }
  for (const [what, slider] of Object.entries(sliders)) {
    const [now, min, max, text] = told[what]
    const all = { valuenow: now, valuemin: min, valuemax: max, valuetext: text, label: filled(plane.words.handles[what], { name }) }
    for (const [key, value] of Object.entries(all))
      if (slider.getAttribute(`aria-${key}`) !== String(value)) slider.setAttribute(`aria-${key}`, value)
  }
}

// --- taking hold and letting go

// Before the server has answered, the hand goes on from where it let go.
function take(dot) {
  let { rows } = plane
  let told = {} // and not answered yet, of another dot
  if (held && held.dot.at !== dot.at) {
    release()
    if (held) {
      ;({ rows, told } = held)
      settle()
    }
  }
  if (!held) {
    if (!areNow()) return false
    const now = plane.dots.find(({ at }) => at === dot.at)
    const stands = { sigma_w2: now.sigma_w2, sigma_b: Math.sqrt(now.sigma_b2) }
    held = { dot: now, ...stands, grasped: stands, sent: stands, rows, told, moved: [], frames: 0, asked: 0, began: live, before: new Map() }
    copy()
  } else if (held.released) Object.assign(held, { released: false, grasped: { sigma_w2: held.sigma_w2, sigma_b: held.sigma_b } })
  return true
}

// What moves: copies of both charts as they stand.
function copy() {
  const [cover, beside] = held.covers = CHARTS.map(name => copyOf(chart(name), layer(name)))
  Object.assign(held, { cover, signs: new Signs(chart(), cover, plane), lengths: new Lengths(chart("lengths"), beside, theory) })
}

function move({ sigma_w2, sigma_b }) {
  const { dot, moved } = held
  for (const [name, value, stood] of [["sigma_w2", sigma_w2, dot.sigma_w2], ["sigma_b", sigma_b, Math.sqrt(dot.sigma_b2)]]) {
    if (value === undefined || value === held[name] || !plane.free[CONTROL[name]]) continue
    held[name] = value
    if (value !== stood && !moved.includes(name)) moved.push(name)
  }
  hinted = true
  held.asked ||= requestAnimationFrame(frame)
}

function release() {
  if (!held || held.released) return
  held.released = true
  if (held.asked) {
    cancelAnimationFrame(held.asked)
    frame()
  }
  held.bubble?.remove()
  held.bubble = null
  const news = changed()
  if (Object.keys(news).length) {
    held.told = { ...held.told, ...news }
    held.from = live
    tell("moved", held.told) // also what may not have been heard yet: of two messages at once the server reads the last
  } else if (!Object.keys(held.told).length) return leave()
  held.until = performance.now() + PATIENCE
  requestAnimationFrame(wait)
}

// What the controls become: the scheme's own number, or another scheme, and normal biases or none.
function changed() {
  const { dot, sigma_w2, sigma_b, sent } = held
  const news = {}
  if (sigma_w2 !== sent.sigma_w2) {
    held.rows = held.rows.map((row, at) => at === dot.at ? filled(dot.entry, { x: String(numberFor(dot, sigma_w2)) }) : row)
    news.rows = held.rows.join("-")
  }
  if (sigma_b !== sent.sigma_b) Object.assign(news, sigma_b ? { bias: "normal", sigma_b: String(sigma_b) } : { bias: "none" })
  held.sent = { sigma_w2, sigma_b }
  return news
}

// As it was before the hand took hold.
function bring() {
  move(held.grasped)
  release()
}

// The hand has changed nothing.
function leave() {
  back()
  settle()
}

// The moved picture stands until the server's own does.
function wait() {
  if (!held?.released) return
  const come = live !== (held.from ?? held.began) && areNow() && !running()
  if (!come && performance.now() < held.until) requestAnimationFrame(wait)
  else if (come) settle()
  else leave()
}

// Nothing has come of it: what was written stands again, but where the server has written since.
function back() {
  for (const [element, { found, wrote }] of held.before) if (element.innerHTML === wrote) element.innerHTML = found
}

function settle() {
  for (const old of document.querySelectorAll(".lab-old")) old.classList.remove("lab-old")
  for (const cover of held.covers) cover.remove()
  held.bubble?.remove()
  held = null
  attach()
}

// --- handles, for a mouse, a finger and the keyboard

function make(dot) {
  const element = made("div", "lab-dot", layer())
  const sliders = {}
  for (const name of ["sigma_w2", "sigma_b"].filter(name => plane.free[CONTROL[name]])) {
    const slider = sliders[name] = made("div", "", element)
    slider.dataset.live = CONTROL[name]
    slider.setAttribute("role", "slider")
    slider.setAttribute("aria-orientation", name === "sigma_b" ? "vertical" : "horizontal")
    slider.addEventListener("keydown", event => key(event, dot, name, sliders))
  }
  element.addEventListener("pointerdown", event => down(event, dot, element, sliders))
  return { dot, element, sliders }
}

function down(event, dot, element, sliders) {
  if (event.button || isHeld()) return
  event.preventDefault()
  event.stopPropagation()
  clearTimeout(quiet)
  Object.values(sliders)[0].focus({ preventScroll: true })
  if (!take(dot)) return
  const middle = element.getBoundingClientRect()
  const off = [event.clientX - middle.x - middle.width / 2, event.clientY - middle.y - middle.height / 2]
  const [sx, sy] = [event.clientX, event.clientY]
  const to = moved => {
    if (!held || held.released) return // it was let go of by other means
    const { left, top, width } = held.cover.getBoundingClientRect() // a longer headline moves it
    const scale = width / held.cover.offsetWidth // a small projector has its charts drawn smaller
    const [x, y] = held.signs.valueOf((moved.clientX - off[0] - left) / scale, (moved.clientY - off[1] - top) / scale)
    // a hand that goes along one axis alone leaves the other number as it is
    const still = { x: Math.abs(moved.clientX - sx) < 3 && !held.moved.includes("sigma_w2"), y: Math.abs(moved.clientY - sy) < 3 && !held.moved.includes("sigma_b") }
    move({ sigma_w2: still.x ? undefined : widths(x), sigma_b: still.y ? undefined : biases(Math.sqrt(Math.max(0, y))) })
  }
  dragged(event, element, to, release)
}

// Left and right move σ_w², up and down σ_b, whichever slider has the focus: it goes to the one that is moved.
function key(event, dot, focused, sliders) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const isBack = event.key === "Escape" && held && !held.released
  const [name, step] = STEPS[event.key] ?? [focused, { PageUp: 10, PageDown: -10 }[event.key]]
  const edge = { Home: 0, End: Infinity }[event.key]
  if (!isBack && (step === undefined && edge === undefined || !sliders[name])) return
  event.preventDefault()
  event.stopPropagation()
  if (isBack) {
    clearTimeout(quiet)
    return bring()
  }
  if (isHeld() || !take(dot)) return
  sliders[name].focus({ preventScroll: true })
  const next = edge ?? Math.round(100 * held[name] + step * (event.shiftKey ? 10 : 1)) / 100
  move({ [name]: (name === "sigma_b" ? biases : widths)(next) })
  clearTimeout(quiet)
  quiet = setTimeout(release, QUIET)
}

// --- for tests, and for who looks: what is shown now

function shown() {
  if (!live || !held && !(plane.activation === known && areNow())) return null
  const dots = held?.dots ?? dotsNow()
  const [depth] = chart("lengths")._fullData.at(-1).x
  return { frames: held?.frames ?? 0, sigma_b: held?.sigma_b, dots: dots.map(({ entry, named, ...dot }) => ({ ...dot, lengths: theory.course(dot.given, depth).map(Math.exp) })) }
}

// --- every run of the page, and every change of it

export function follow(told, send) {
  live = told
  plane = live?.plane ?? null
  tell = send
  // another picture than the one that is moved, and not because of it: what was moved is no more
  if (held && !held.released && !Object.keys(held.told).length && live?.token !== held.began.token) leave()
  attach()
}

// The activation's theory, which comes as a part of the page of its own: once, as long as it stays the same.
function learn() {
  if (!plane || plane.activation === known) return
  const told = [...document.querySelectorAll("[data-lab-theory]")].find(({ dataset }) => dataset.labOf === plane.activation)
  if (!told) return
  theory = new Theory(JSON.parse(told.dataset.labTheory))
  known = plane.activation
}

export function attach() {
  if (held) return
  learn()
  if (plane?.activation !== known || !areNow() || !chart()._fullLayout?.xaxis) {
    if (!live) clear()
    return
  }
  room().style.setProperty("--lab-times", chart()._fullLayout.font.size / 14)
  for (const one of CHARTS.map(chart).filter(one => !watched.has(one))) {
    watched.add(one)
    one.on("plotly_afterplot", drawn)
  }
  if (room().dataset.liveChart !== "plane") {
    room().dataset.liveChart = "plane"
    Object.defineProperty(room(), "lab", { configurable: true, get: shown })
  }
  const names = plane.dots.map(({ at }) => at).join() + Object.values(plane.free)
  if (handles.names !== names || !handles.every(({ element }) => layer().contains(element))) {
    clear()
    handles = plane.dots.map(make)
    handles.names = names
    // of σ_b, which is one for all, the keyboard needs one slider on its way
    handles.forEach(({ sliders }, at) => Object.entries(sliders).forEach(([name, slider]) => { slider.tabIndex = name === "sigma_b" && at ? -1 : 0 }))
  }
  handles.forEach((handle, at) => { handle.dot = plane.dots[at] })
  for (const at of document.querySelectorAll("[data-lab-now=here]")) {
    const words = hinted ? "" : ` · ${plane.words.hint}`
    if (at.textContent !== words) at.textContent = words
  }
  place(dotsNow())
}

// The chart has been drawn anew, as where a longer headline leaves it less room: so is what moves over it.
function drawn() {
  if (!held) return attach()
  if (held.released) return
  for (const cover of held.covers) cover.remove()
  copy()
  held.asked ||= requestAnimationFrame(frame)
}

function clear() {
  for (const { element } of handles) element.remove()
  handles = []
}

addEventListener("resize", () => requestAnimationFrame(() => live && attach()))
