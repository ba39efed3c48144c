// The singular values of a small matrix, as core/checkpoints/spectrum.py has them: the roots of the eigenvalues of its
// rows' products, or of its columns' where there are fewer of these.

const EPSILON = 2 ** -52

// Largest first; all NaN if a number, or a product of two, is not finite.
export function singularValues(numbers, rows) {
  const columns = numbers.length / rows, side = Math.min(rows, columns)
  const products = rows <= columns ? rowProducts(numbers, rows, columns) : columnProducts(numbers, rows, columns)
  const largest = products.reduce((most, each) => Math.max(most, Math.abs(each)), 0)
  if (!Number.isFinite(largest)) return new Float64Array(side).fill(NaN)
  if (!largest) return new Float64Array(side)
  const found = eigenvalues(products.map(each => each / largest), side)
  return found.map(each => Math.sqrt(largest * Math.max(0, each))).sort().reverse()
}

function rowProducts(numbers, rows, columns) {
  const products = new Float64Array(rows * rows)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let a = i * columns, b = j * columns; a < (i + 1) * columns; a++, b++) sum += numbers[a] * numbers[b]
      products[i * rows + j] = products[j * rows + i] = sum
    }
  return products
}

function columnProducts(numbers, rows, columns) {
  const products = new Float64Array(columns * columns)
  for (let row = 0; row < rows * columns; row += columns)
    for (let i = 0; i < columns; i++) {
      const x = numbers[row + i]
      for (let j = 0; j < columns; j++) products[i * columns + j] += x * numbers[row + j]
    }
  return products
}

// The eigenvalues of a symmetric matrix, which is overwritten (Golub & Van Loan 2013, algorithms 8.3.1 to 8.3.3).
function eigenvalues(matrix, n) {
  const { on, beside } = tridiagonal(matrix, n)
  for (let last = n - 1, steps = 60 * n; last > 0 && steps > 0; steps--) {
    const parted = k => Math.abs(beside[k]) <= EPSILON * (Math.abs(on[k]) + Math.abs(on[k + 1]))
    if (parted(last - 1)) {
      last--
      continue
    }
    let first = last - 1
    while (first > 0 && !parted(first - 1)) first--
    turned(on, beside, first, last)
  }
  return on
}

// Householder's: what stands on the diagonal of the tridiagonal matrix with the same eigenvalues, and beside it.
function tridiagonal(matrix, n) {
  const on = new Float64Array(n), beside = new Float64Array(n), v = new Float64Array(n), w = new Float64Array(n)
  for (let k = 0; k < n - 1; k++) {
    on[k] = matrix[k * n + k]
    let norm = 0
    for (let i = k + 1; i < n; i++) norm += (v[i] = matrix[i * n + k]) ** 2
    norm = Math.sqrt(norm)
    beside[k] = v[k + 1] > 0 ? -norm : norm
    if (!norm || k === n - 2) {
      beside[k] = v[k + 1]
      continue
    }
    v[k + 1] -= beside[k]
    const twice = -1 / (beside[k] * v[k + 1]) // 2 over the square of v
    let along = 0
    for (let i = k + 1; i < n; i++) {
      let sum = 0
      for (let j = k + 1; j < n; j++) sum += matrix[i * n + j] * v[j]
      w[i] = twice * sum
      along += w[i] * v[i]
    }
    for (let i = k + 1; i < n; i++) w[i] -= twice / 2 * along * v[i]
    for (let i = k + 1; i < n; i++)
      for (let j = k + 1; j < n; j++) matrix[i * n + j] -= v[i] * w[j] + w[i] * v[j]
  }
  on[n - 1] = matrix[n * n - 1]
  return { on, beside }
}

// One step of QR, shifted as Wilkinson does, between two places.
function turned(on, beside, first, last) {
  const half = (on[last - 1] - on[last]) / 2, corner = beside[last - 1]
  const away = half + (half < 0 ? -1 : 1) * Math.hypot(half, corner)
  let x = on[first] - on[last] + corner ** 2 / away, z = beside[first]
  for (let k = first; k < last; k++) {
    const size = Math.hypot(x, z), c = size ? x / size : 1, s = size ? z / size : 0
    if (k > first) beside[k - 1] = size
    const [upper, lower, off] = [on[k], on[k + 1], beside[k]]
    on[k] = c * c * upper + 2 * c * s * off + s * s * lower
    on[k + 1] = s * s * upper - 2 * c * s * off + c * c * lower
    x = beside[k] = c * s * (lower - upper) + (c * c - s * s) * off
    if (k + 1 < last) {
      z = s * beside[k + 1]
      beside[k + 1] *= c
    }
  }
}
