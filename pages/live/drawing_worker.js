// A worker that draws ahead of the page, so that nothing there waits: asked for {family, seed, n}, it answers
// with these and the buffers of a Stream that has drawn n, ready for a Stream of the page's own.

import { Stream } from "./torch_draws.js"

onmessage = ({ data: { family, seed, n } }) => {
  const stream = new Stream(family, seed)
  stream.numbers(n)
  const { buffers } = stream
  const given = [buffers.flat, buffers.normal, buffers.state].map(array => array.buffer)
  postMessage({ family, seed, n, ...buffers }, given)
}
