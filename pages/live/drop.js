// A file of weights that is dropped on the page, or chosen: counted by a worker in this browser, from where only
// counts travel, or sent to the server where somebody says so. What comes of it is the control `report`.

import { filled, quantity } from "./numbers.js"

const AGAIN = 3 // times that the server may ask for rows to be counted once more
const SAID = 10 // percent between two sentences for who hears the page
const BASE = new URL("../../", import.meta.url)

let tell = () => {}
let told = null // the page's words and limits
let work = null // what is under way: it ends what it began when another takes its place
let shown = {} // what the zone says: sentence, share, refusal, and what it offers to do

export function follow(_, send) {
  tell = send
  attach()
}

const zone = () => document.querySelector("[data-lab-drop]")

export function attach() {
  const place = zone()
  if (!place) return
  told = JSON.parse(place.dataset.labDrop)
  if (place.childElementCount) return
  place.append(...parts())
  show()
}

const made = (tag, has, ...inner) => {
  const element = Object.assign(document.createElement(tag), has)
  element.append(...inner)
  return element
}

function parts() {
  const { words } = told
  const field = made("input", { type: "file", hidden: true, tabIndex: -1 })
  field.addEventListener("change", () => {
    if (field.files.length) begin(field.files[0])
    field.value = "" // the same file may be chosen again
  })
  const choose = made("button", { type: "button", className: "lab-button lab-choose", textContent: words.choose })
  choose.addEventListener("click", () => field.click())
  const first = made("p", { className: "lab-drop-here" }, `${words.here} `, choose, field)
  const promise = made("p", { className: "lab-context", textContent: words.promise })
  const line = made("p", { className: "lab-drop-far" })
  const said = made("p", { className: "lab-drop-said" }) // for who hears the page: it says less often
  said.setAttribute("role", "status")
  const bar = made("progress", { className: "lab-bar", max: 1 })
  const cancel = made("button", { type: "button", className: "lab-button lab-drop-cancel", textContent: words.cancel })
  cancel.addEventListener("click", () => stop(filled(words.stopped, { name: work?.name ?? "" })))
  const refusal = made("p", { className: "lab-refusal" })
  refusal.setAttribute("role", "alert")
  const send = made("button", { type: "button", className: "lab-button lab-drop-send", textContent: words.send })
  send.addEventListener("click", () => upload(shown.offered))
  const place = zone()
  place.setAttribute("role", "group")
  place.setAttribute("aria-label", words.label)
  return [first, promise, ...held(), made("div", { className: "lab-drop-work" }, line, bar, cancel), said, refusal, send]
}

// The files in the folder that the server's operator allows, if there is one.
function held() {
  if (!told.files.length) return []
  const list = made("select", { className: "lab-drop-held" }, made("option", { value: "", textContent: told.words.held }))
  list.setAttribute("aria-label", told.words.held)
  for (const name of told.files) list.append(made("option", { value: name, textContent: name }))
  list.addEventListener("change", async () => {
    const name = list.value
    list.value = ""
    if (!name) return
    const own = anew({ name })
    end(await post("held", new Blob(), own, { name }), own)
  })
  return [list]
}

// Writes what is known into the zone, which a run of the page may have drawn anew.
function show(changed = {}) {
  shown = { ...shown, ...changed }
  const place = zone()
  if (!place?.childElementCount) return
  const { sentence = "", share = null, refusal = "", offered = null, said = "" } = shown
  const write = (name, text) => {
    const element = place.querySelector(name)
    if (element.textContent !== text) element.textContent = text
    element.hidden = !text
  }
  write(".lab-drop-far", sentence)
  write(".lab-refusal", refusal && `▲ ${refusal}`)
  const spoken = place.querySelector(".lab-drop-said")
  if (spoken.textContent !== said) spoken.textContent = said
  const bar = place.querySelector(".lab-bar")
  bar.hidden = !work
  if (share === null) bar.removeAttribute("value")
  else bar.value = share
  bar.setAttribute("aria-label", sentence)
  place.querySelector(".lab-drop-cancel").hidden = !work
  place.querySelector(".lab-drop-send").hidden = !offered
  place.toggleAttribute("data-lab-busy", Boolean(work))
}

function far(words, share) {
  const sentence = filled(told.words[words], { name: named(work.name), share: Math.floor(100 * share) })
  const step = Math.floor(100 * share / SAID)
  const said = work.step === `${words} ${step}` ? shown.said : sentence
  work.step = `${words} ${step}`
  show({ sentence, share, said })
}

const named = name => name.length > 60 ? `${name.slice(0, 30)}…${name.slice(-29)}` : name

function stop(sentence = "") {
  work?.end.abort()
  work = null
  show({ sentence: "", share: null, refusal: "", offered: null, said: sentence })
  if (sentence) show({ sentence })
}

function refuse(sentence, offered = null) {
  stop()
  show({ refusal: sentence, offered, said: "" })
}

// What is begun now takes the place of what is under way.
function anew(file) {
  stop()
  work = { name: file.name, end: new AbortController() }
  show({ sentence: filled(told.words.begun, { name: named(file.name) }) })
  return work
}

function begin(file) {
  const own = anew(file), { signal } = own.end
  const worker = new Worker(new URL("counting_worker.js", import.meta.url), { type: "module" })
  signal.addEventListener("abort", () => worker.terminate())
  let asked = 0
  const judge = async counts => {
    const answer = await post("counted", counts, own)
    if (own !== work) return
    if (answer.again && asked++ < AGAIN) worker.postMessage({ again: answer.again })
    else end(answer, own)
  }
  worker.addEventListener("error", event => {
    event.preventDefault()
    if (own === work) offer(file)
  })
  worker.addEventListener("message", async ({ data }) => {
    if (own !== work) return
    if (data.told) judge(data.told)
    else if (data.refused) end(await post("worded", new Blob([JSON.stringify(data.refused)]), own), own)
    else if (data.unread !== undefined) offer(file)
    else if (data.total) far("reading", data.done / data.total)
  })
  worker.postMessage({ file })
}

function offer(file) {
  if (!told.largest || file.size > told.largest) refuse(told.words.large)
  else refuse(filled(told.words.unread, { name: named(file.name), size: quantity(file.size / 2 ** 20, 0, 2, true) }), file)
}

async function upload(file) {
  const own = anew(file), where = { size: file.size, name: file.name }
  const answer = await post("sent", new Blob(), own, { ...where, ask: 1 })
  if (own !== work) return
  if (!answer.go) end(answer, own)
  else end(await post("sent", file, own, where, true), own)
}

function end({ key, refused }, own) {
  if (own !== work || !work) return
  const name = named(work.name)
  if (!key) {
    refuse(refused || told.words.odd)
    return
  }
  stop()
  show({ said: filled(told.words.ready, { name }) })
  tell("moved", { report: key, tensor: "", search: "" })
}

// Sends something to one of the server's doors; hears how far it is there, and what comes of it.
function post(door, body, own, query = {}, isSent = false) {
  const { signal } = own.end
  const place = new URL(`weights/${door}`, BASE)
  place.search = new URLSearchParams({ lang: told.lang, ...query })
  return new Promise(resolve => {
    const request = new XMLHttpRequest()
    let [read, last] = [0, {}]
    const hear = () => {
      const lines = request.responseText.slice(read).split("\n")
      read = request.responseText.length - lines.pop().length
      for (const line of lines) {
        try { last = JSON.parse(line) } catch { return }
        if (last.total && own === work) far("judging", last.done / last.total)
      }
    }
    request.open("POST", place)
    request.setRequestHeader("x-lab-visitor", told.visitor)
    request.setRequestHeader("content-type", "application/octet-stream")
    if (isSent) request.upload.addEventListener("progress", ({ loaded, total }) => own === work && far("sending", loaded / total))
    request.addEventListener("progress", hear)
    request.addEventListener("load", () => {
      hear()
      resolve(request.status === 200 ? last : { refused: told.words.odd })
    })
    request.addEventListener("error", () => resolve(last.key ? last : { refused: told.words[isSent ? "cut" : "lost"] }))
    signal.addEventListener("abort", () => {
      request.abort()
      resolve({})
    })
    request.send(body)
  })
}

// A file that is dropped beside the zone would take the page's place.
const brings = event => zone() && [...event.dataTransfer?.types ?? []].includes("Files")
let within = 0
const lit = on => zone()?.toggleAttribute("data-lab-over", on)

document.addEventListener("dragenter", event => brings(event) && lit(++within > 0))
document.addEventListener("dragleave", event => brings(event) && lit(--within > 0))
document.addEventListener("dragover", event => brings(event) && event.preventDefault())
document.addEventListener("drop", event => {
  if (!brings(event)) return
  event.preventDefault()
  within = 0
  lit(false)
  if (event.dataTransfer.files.length && told) begin(event.dataTransfer.files[0])
})
