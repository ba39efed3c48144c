// A hand on a network's drawing: an input of the row that is followed, or one weight. All that comes after it is
// computed anew in this browser and drawn in the same frame; the server hears of it once, at the end.
// Each input is a slider. Of the weights, which may be thousands, one is chosen at a time and has a handle:
// by a click on its line, or with the keyboard by Enter (the next input) and space (the next unit).

import { Edits, isWeight, rangeOf, same, snapped, written } from "./network_edits.js"
import { Drawing, Places, brief, circlesOf, isClear } from "./network_drawing.js"
import { made } from "./handles.js"
import { filled, inFormula, quantity } from "./numbers.js"
import { copyOf } from "./moving_histogram.js"
import { dragged, isHeld } from "./pointer.js"
import { lineAt, marked, onLine, stepped, unitAt } from "./chosen_weight.js"
import { beside, layered, summed, symbol } from "./unit_sum.js"

const PATIENCE = 10_000 // milliseconds for which the server's picture is waited for
const QUIET = 350 // milliseconds after the last key, until it is as if a hand had let go
const REACH = 150 // pixels from 0 to the end of a number's range
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }

const running = () => document.querySelector(".stApp")?.dataset.testScriptState === "running"
const room = () => document.querySelector(".st-key-network .st-key-chart")
const layer = () => room().querySelector(":scope > .lab-layer") ?? made("div", "lab-layer", room())
const chart = () => room()?.querySelector(".js-plotly-plot:not(.lab-stood)")
const isNow = plot => Boolean(live && plot?._fullData) && plot.layout?.meta === live.token

let live = null // what the page has told of its network
let net = null // its numbers with those that are set by hand; also what the server has not yet answered
let stands = null // the numbers of the drawing that stands
let tell = () => {}
let held = null // what is being moved, until the server's picture of it stands
let chosen = [1, 1, 1] // layer, unit and input of the weight that has a handle
let lit = null // the input that was moved last: its term stands in the sum
let hinted = false
let watched = null
let quiet = 0
const parts = {} // beside the chart: handles, and what is said

// --- one frame

function frame() {
  held.asked = 0
  draw(net.with(held.place, held.value))
  held.frames++
  bubble()
  say()
  place()
}

function draw(edits) {
  held.now = net.computed(edits)
  headline(held.now)
  const isSet = edits.some(([at]) => isWeight(at)) && live.words.legend.includes("<br>") // where not all are drawn
  held.drawing.show({ ...held.now, legend: live.words.legend + (isSet ? live.words.and_by_hand : "") })
}

function bubble() {
  const [now, before] = [held.value, held.began].map(value => inFormula(value, 4))
  held.bubble ??= made("div", "lab-bubble", layer())
  held.bubble.innerHTML = filled(live.words.was, { name: symbol(held.place, live), value: now, before })
  const [left, top] = spotOf(held.place)
  const [wide, high] = [held.bubble.offsetWidth, held.bubble.offsetHeight]
  // above, but not over the names of the layers
  const away = (top - 36 - high < parts.places.y._offset - 24 ? 1 : -1) * (36 + high / 2)
  held.bubble.style.cssText = `left:${Math.max(0, Math.min(layer().clientWidth - wide, left - wide / 2))}px;top:${top + away}px`
}

// The unit of the chosen weight, as a sum; the row through all layers; and what can be done, until it has been. Each
// change of the page comes back here: what is written though it stands there would never end.
function say() {
  const [said, row] = [".lab-worked", ".lab-row"].map(found => document.querySelector(found))
  if (!said || !row) return
  const [at, unit, input] = chosen
  const now = held?.now ?? net.settled
  put(said, summed([at, unit, at === 1 && lit || input], live, now))
  put(row, layered(chosen, live, now))
  const { words } = live
  write(parts.hint, live.edits.length >= live.most_edits ? words.full : hinted ? "" : words.hint)
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words
}

// By what was written, as a browser reads HTML out in words of its own.
function put(element, html) {
  if (element.said !== html || !element.firstChild) element.innerHTML = element.said = html
}

// The headline: what the row comes out as now.
function headline({ steps }) {
  const out = [...steps.at(-1).a]
  const largest = Math.max(...out)
  const numbers = { values: out.map(value => quantity(value, value, 3)).join(live.words.and), unit: out.indexOf(largest) + 1, value: quantity(largest, largest, 3) }
  held.headline.textContent = held.wrote = filled(live.words.outcome, numbers)
}

function named(place) {
  if (!isWeight(place)) return filled(live.words.input, { feature: place[1] })
  const [at, unit, input] = place
  return filled(live.words.weight, { layer: live.layers[at - 1].name, unit, input })
}

// --- taking hold and letting go

function take(place_) {
  if (held && !held.released && same(held.place, place_)) return held
  release() // of another number
  if (held) settle()
  const plot = chart()
  if (!isNow(plot) || net.isFull(place_)) return null
  parts.hover?.remove()
  lit = isWeight(place_) ? null : place_[1]
  const value = net.settled.at(place_)
  const cover = copyOf(plot, layer())
  const line = document.querySelector("h1.lab-headline")
  held = { place: place_, value, began: value, range: rangeOf(place_, value, net), frames: 0, asked: 0, from: live, cover, headline: line, found: line.innerHTML }
  held.drawing = new Drawing(plot, cover, live, placesOf(plot), stands.settled.layers)
  held.old = [...document.querySelectorAll(".st-key-summary .lab-note, .lab-by-hand, .st-key-edits")]
  for (const element of held.old) element.classList.add("lab-old") // not of now, until the server has spoken
  if (net !== stands) draw(live.edits)
  return held
}

function move(value) {
  held.value = value
  hinted = true
  held.asked ||= requestAnimationFrame(frame)
}

function release() {
  if (!held || held.released) return
  clearTimeout(quiet)
  held.released = true
  if (held.asked) {
    cancelAnimationFrame(held.asked)
    frame()
  }
  held.bubble?.remove()
  const after = net.with(held.place, held.value)
  if (held.frames && held.value !== held.began && written(live.edits) !== written(after)) send(after)
  else leave()
}

// The server has nothing new to say, or has said other things.
function leave() {
  if (held.headline.textContent === held.wrote) held.headline.innerHTML = held.found
  settle()
}

// A hand that comes again before the server has answered goes on from here.
function send(edits) {
  tell("moved", { edits: written(edits) })
  held.from = live = { ...live, edits }
  net = new Edits(live, net)
  held.until = performance.now() + PATIENCE
  held.waits = requestAnimationFrame(wait)
}

// The moved picture stands until the server's own does.
function wait() {
  if (!held?.released) return
  const come = live && live !== held.from && isNow(chart()) && !running()
  if (come || performance.now() > held.until) settle()
  else held.waits = requestAnimationFrame(wait)
}

function settle() {
  for (const element of held.old) element.classList.remove("lab-old")
  held.cover.remove()
  held.bubble?.remove()
  held = null
  attach()
}

// --- handles

function knob(kind) {
  const element = made("div", `lab-knob lab-${kind}`, layer())
  const one = { element, place: null }
  element.setAttribute("role", "slider")
  element.tabIndex = 0
  element.dataset.live = "edits"
  element.addEventListener("pointerdown", event => event.button || isHeld() || down(event, one))
  element.addEventListener("keydown", event => key(event, one))
  return one
}

function down(event, { element, place: at }) {
  event.preventDefault()
  element.focus({ preventScroll: true })
  if (!take(at)) return
  const began = event.clientX
  dragged(event, element, moved => {
    if (held && !held.released) move(snapped(held.began + (moved.clientX - began) / REACH * held.range.end, held.range))
  }, release)
}

function key(event, { place: at }) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const way = event.shiftKey ? -1 : 1
  if (isWeight(at) && (event.key === "Enter" || event.key === " ")) {
    release()
    choose(stepped(at, event.key === " ", way, net.drawn))
  } else if (event.key === "Escape") back()
  else if (!turned(event, at)) return
  event.preventDefault()
  event.stopPropagation()
}

function turned(event, at) {
  const steps = (KEYS[event.key] ?? 0) * (event.shiftKey ? 10 : 1)
  const isEnd = { Home: -1, End: 1 }[event.key]
  if (!steps && !isEnd && event.key !== "Delete" || isHeld() || !take(at)) return false
  const { value, range } = held
  move(event.key === "Delete" ? net.asDrawn(at) : isEnd ? isEnd * range.end : snapped(value + 5 * steps * range.unit, range))
  clearTimeout(quiet)
  quiet = setTimeout(release, QUIET)
  return true
}

// As it was before the hand took hold.
function back() {
  if (!held || held.released) return
  held.value = held.began
  release()
}

function choose(place_) {
  chosen = place_
  lit = null
  attach()
}

const placesOf = plot => new Places(plot, [live.inputs, ...live.layers.map(({ units }) => units)], live.gap)

// Where a number's handle is: an input's is its circle, a weight's lies on its line.
function spotOf(place_) {
  return isWeight(place_) ? onLine(place_, parts.places) : parts.places.unit(0, place_[1] - 1)
}

function place() {
  const plot = chart()
  if (!live || !plot?._fullData || !parts.knobs || circlesOf(plot).length !== live.layers.length + 1) return
  parts.places = placesOf(plot)
  room().dataset.labClear = isClear(plot)
  const { places } = parts
  const wide = Math.max(44, 2 * places.radius(0))
  const high = Math.min(wide, Math.max(3, places.between(0)))
  for (const one of [...parts.knobs, parts.weight]) {
    const [left, top] = spotOf(one.place)
    const isOnLine = isWeight(one.place)
    one.element.style.cssText = isOnLine ? `left:${left}px;top:${top}px` : `left:${left}px;top:${top}px;width:${wide}px;height:${high}px;margin:${-high / 2}px 0 0 ${-wide / 2}px`
    one.element.classList.toggle("lab-ring", !isOnLine && high >= 24)
    describe(one)
  }
  marked(parts.line, places, chosen)
}

function describe({ element, place: at }) {
  const own = held && same(held.place, at)
  const value = own ? held.value : net.settled.at(at)
  const { end } = own ? held.range : rangeOf(at, value, net)
  const told = { label: filled(live.words.handle, { name: named(at) }), valuenow: value, valuemin: -end, valuemax: end, valuetext: brief(value) }
  for (const [name, text] of Object.entries(told))
    if (element.getAttribute(`aria-${name}`) !== String(text)) element.setAttribute(`aria-${name}`, text)
  const title = isWeight(at) ? `${named(at)} · ${live.words.keys}` : `${named(at)}: ${brief(value)}`
  if (element.title !== title) element.title = title
}

// A line under the pointer, or a unit, is chosen; with a mouse it can be dragged at once.
function pressed(event) {
  if (!live || event.button || isHeld() || event.target.closest(".lab-knob,.lab-button") || event.pointerType === "touch" && event.type === "pointerdown") return
  const found = under(event)
  if (!found || !parts.weight) return
  if (held?.released) return
  choose(found.place)
  if (event.type === "pointerdown" && found.isLine) down(event, parts.weight)
}

// Where the pointer is on the drawing.
function spotUnder(event) {
  const box = layer().getBoundingClientRect()
  const scale = box.width / layer().offsetWidth // a small projector has its charts drawn smaller
  return [(event.clientX - box.left) / scale, (event.clientY - box.top) / scale]
}

function under(event) {
  const at = spotUnder(event)
  const unit = unitAt(at, parts.places, net.settled.layers)
  if (unit) return { place: unit, isLine: false }
  const line = lineAt(at, parts.places, net.settled, live.most, event.pointerType === "touch" ? 22 : 8)
  return line && { place: line, isLine: true }
}

// What the pointer of a mouse is over, in words: a unit with its value and bias, or a weight.
function hovered(event) {
  const found = live && !held && parts.places && event.pointerType === "mouse" && !event.target.closest(".lab-knob,.lab-button") && under(event)
  parts.hover?.remove()
  if (!found) return
  parts.hover = made("div", "lab-bubble", layer())
  parts.hover.textContent = beside(found, live, net.settled)
  const [left, top] = spotUnder(event)
  const wide = parts.hover.offsetWidth
  parts.hover.style.cssText = `left:${Math.max(0, Math.min(layer().clientWidth - wide, left - wide / 2))}px;top:${top > 60 ? top - 28 : top + 28}px`
}

function dress() {
  if (parts.weight?.element.parentElement !== layer()) strip()
  if (!parts.weight) {
    parts.line = marked(null)
    layer().append(parts.line)
    parts.weight = knob("on-line")
    parts.knobs = []
  }
  const bar = document.querySelector(".lab-worked-bar")
  if (bar && parts.hint?.parentElement !== bar) {
    parts.hint = made("span", "lab-worked-hint", bar)
    parts.clear = made("button", "lab-button", bar)
    parts.clear.type = "button"
    parts.clear.addEventListener("click", clear)
  }
  while (parts.knobs.length > live.inputs) parts.knobs.pop().element.remove()
  while (parts.knobs.length < live.inputs) {
    const one = knob("input")
    layer().insertBefore(one.element, parts.weight.element)
    parts.knobs.push(one)
  }
  parts.knobs.forEach((one, at) => { one.place = [live.row, at + 1] })
  parts.weight.place = chosen
  parts.clear.hidden = !live.edits.length
  write(parts.clear, live.words.clear)
}

// Nothing is set by hand any more; what stands waits for the server's picture.
function clear() {
  if (held && !held.released) return
  if (held) settle()
  held = { place: [0, 0], value: 0, began: 0, frames: 0, released: true, from: live, cover: copyOf(chart(), layer()), old: [] }
  send([])
}

function strip() {
  for (const one of [...parts.knobs ?? [], parts.weight]) one?.element.remove()
  parts.line?.remove()
  parts.weight = parts.knobs = parts.line = null
}

// --- for tests, and for who looks: what is shown now

function shown() {
  if (!live || !held && !isNow(chart())) return null
  const { x, steps } = held?.now ?? net.settled
  const values = [x, ...steps.map(({ a }) => a)].map(list => [...list])
  return { frames: held?.frames ?? 0, place: held?.place ?? null, value: held?.value ?? null, chosen, values }
}

// --- every run of the page, and every change of it

export function follow(told, send_) {
  const isOther = held && !held.released && (told?.row !== live.row || new Edits(told, net).key !== net.key)
  live = told
  tell = send_
  if (live) net = stands = new Edits(live, net)
  if (isOther) { // than the network or the row that is moved: what was moved is no more
    chosen = [1, 1, 1]
    leave()
  }
  if (!live) {
    if (parts.weight) strip()
    watched = null
    return
  }
  const [at, unit, input] = chosen
  const own = net.drawn[at - 1]
  if (!own || unit > own.units || input > own.inputs) chosen = [1, 1, 1]
  if (lit > live.inputs) lit = null
  attach()
}

export function attach() {
  const plot = chart()
  if (held || !live || !isNow(plot)) return
  if (watched !== plot) {
    watched = plot
    plot.on("plotly_afterplot", place)
    room().dataset.liveChart = "network"
    Object.defineProperty(room(), "lab", { configurable: true, get: shown })
    room().onpointerdown = room().onclick = pressed
    room().onpointermove = hovered
    room().onpointerleave = () => parts.hover?.remove()
  }
  room().style.setProperty("--lab-times", live.look.times)
  dress()
  place()
  say()
}

addEventListener("resize", () => requestAnimationFrame(place))
document.fonts?.addEventListener("loadingdone", place) // those of formulas come with the first formula
