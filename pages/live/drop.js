// A file of weights that is dropped on the page, or chosen: counted by a worker in this browser, from where only
// counts travel, or sent to the server where somebody says so. What comes of it is the control that its zone
// stands for: `report`, or `against` for one to compare with. One file is read at a time.

import { fold } from "./keyboard_names.js"
import { filled, sized } from "./numbers.js"

const AGAIN = 3 // times that the server may ask for rows to be counted once more
const SAID = 10 // percent between two sentences for who hears the page
const BASE = new URL("../../", import.meta.url)

let tell = () => {}
let told = null // the page's words and limits
let work = null // what is under way: it ends what it began when another takes its place
let shown = {} // what a zone says: which, sentence, share, refusal, and what it offers to do

export function follow(_, send) {
  tell = send
  attach()
}

const zones = () => [...document.querySelectorAll("[data-lab-drop]")]
const intoOf = place => place.dataset.labInto

export function attach() {
  for (const place of zones()) {
    const own = JSON.parse(place.dataset.labDrop)
    if (!told || intoOf(place) === "report") told = own
    if (!place.childElementCount) place.append(...parts(place, own))
  }
  show()
}

const made = (tag, has, ...inner) => {
  const element = Object.assign(document.createElement(tag), has)
  element.append(...inner)
  return element
}

function parts(place, { words, files }) {
  const into = intoOf(place)
  const field = made("input", { type: "file", hidden: true, tabIndex: -1 })
  field.addEventListener("change", () => {
    if (field.files.length) begin(field.files[0], into)
    field.value = "" // the same file may be chosen again
  })
  const choose = made("button", { type: "button", className: "lab-button lab-choose", textContent: words.choose })
  choose.addEventListener("click", () => field.click())
  const first = made("p", { className: "lab-drop-here" }, `${words.here} `, choose, field)
  const promise = into === "report" ? [made("p", { className: "lab-context", textContent: words.promise })] : []
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
  place.setAttribute("role", "group")
  place.setAttribute("aria-label", words.label)
  return [first, ...promise, ...held(files, into), made("div", { className: "lab-drop-work" }, line, bar, cancel), said, refusal, send]
}

// The files in the folder that the server's operator allows, if there is one.
function held(files, into) {
  if (!files.length) return []
  const list = made("select", { className: "lab-drop-held" }, made("option", { value: "", textContent: told.words.held }))
  list.setAttribute("aria-label", told.words.held)
  for (const name of files) list.append(made("option", { value: name, textContent: name }))
  list.addEventListener("change", async () => {
    const name = list.value
    list.value = ""
    if (!name) return
    const own = anew({ name }, into)
    end(await post("held", new Blob(), own, { name }), own)
  })
  return [list]
}

// Writes what is known into its zone, which a run of the page may have drawn anew, and nothing into the other.
function show(changed = {}) {
  shown = { ...shown, ...changed }
  const { into = "report", ...rest } = shown
  for (const place of zones()) if (place.childElementCount) write(place, intoOf(place) === into ? rest : {}, work && intoOf(place) === into)
}

function write(place, { sentence = "", share = null, refusal = "", offered = null, said = "" }, busy) {
  const put = (name, text) => {
    const element = place.querySelector(name)
    if (element.textContent !== text) element.textContent = text
    element.hidden = !text
  }
  put(".lab-drop-far", sentence)
  put(".lab-refusal", refusal && `▲ ${refusal}`)
  const spoken = place.querySelector(".lab-drop-said")
  if (spoken.textContent !== said) spoken.textContent = said
  const bar = place.querySelector(".lab-bar")
  bar.hidden = !busy
  if (share === null) bar.removeAttribute("value")
  else bar.value = share
  bar.setAttribute("aria-label", sentence)
  place.querySelector(".lab-drop-cancel").hidden = !busy
  place.querySelector(".lab-drop-send").hidden = !offered
  place.toggleAttribute("data-lab-busy", Boolean(busy))
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
function anew(file, into) {
  stop()
  work = { name: file.name, into, end: new AbortController() }
  show({ into, sentence: filled(told.words.begun, { name: named(file.name) }) })
  return work
}

function begin(file, into) {
  const own = anew(file, into), { signal } = own.end
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
  else refuse(filled(told.words.unread, { name: named(file.name), size: sized(file.size) }), file)
}

async function upload(file) {
  const own = anew(file, shown.into), where = { size: file.size, name: file.name }
  const answer = await post("sent", new Blob(), own, { ...where, ask: 1 })
  if (own !== work) return
  if (!answer.go) end(answer, own)
  else end(await post("sent", file, own, where, true), own)
}

function end({ key, refused }, own) {
  if (own !== work || !work) return
  const { into } = work, name = named(work.name)
  if (!key) {
    refuse(refused || told.words.odd)
    return
  }
  stop()
  show({ said: filled(told.words.ready, { name }) })
  fold()
  tell("moved", into === "report" ? { report: key, tensor: "", search: "" } : { [into]: key })
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
const brings = event => zones().length && [...event.dataTransfer?.types ?? []].includes("Files")
let within = 0
// Beside the zones a file is for the last of them: one to compare with, where that is asked for.
const under = event => event.target.closest?.("[data-lab-drop]") ?? zones().at(-1)
const light = lit => { for (const place of zones()) place.toggleAttribute("data-lab-over", place === lit) }

document.addEventListener("dragenter", event => {
  if (!brings(event)) return
  within++
  light(under(event))
})
document.addEventListener("dragleave", event => brings(event) && --within <= 0 && light(null))
document.addEventListener("dragover", event => brings(event) && event.preventDefault())
document.addEventListener("drop", event => {
  if (!brings(event)) return
  event.preventDefault()
  within = 0
  light(null)
  if (event.dataTransfer.files.length && told) begin(event.dataTransfer.files[0], intoOf(under(event)))
})
