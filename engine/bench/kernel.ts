import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { PAGE_BYTES } from '../format/page-header.ts'
import { type PageKernel, SCANNED } from '../kernel/page-kernel.ts'
import { openTwinKernel } from '../kernel/twin-kernel.ts'
import { openWasmKernel } from '../kernel/wasm-kernel.ts'

// node engine/bench/kernel.ts: the kernel and its twin over a read's worth of pages, a few seconds in all.

const PAGES = 32
/** Long enough for the compiler to have done its best, short enough to be run while waiting. */
const SECONDS = 0.5
/** Rounds between two looks at the clock. */
const ROUNDS = 40
const FILE_PAGES = 64 * PAGES

const wasm = openWasmKernel()
if (wasm === undefined) console.log('this runtime refuses the kernel in WebAssembly')
const [load = 0] = os.loadavg()
console.log(
  `${os.cpus()[0]?.model ?? os.arch()}, Node ${process.version}, load ${load.toFixed(1)}; GB/s, best and median`,
)
for (const kernel of [openTwinKernel(), ...(wasm === undefined ? [] : [wasm])]) measureKernel(kernel)

function measureKernel(kernel: PageKernel): void {
  const pages = kernel.reserve(PAGES * PAGE_BYTES)
  fillPages(pages, kernel)
  const whole = { firstBlock: 0, hasChecksums: true }
  const { verdicts } = kernel.scanPages(pages, whole)
  if (verdicts.subarray(0, PAGES).some((verdict) => verdict !== SCANNED.valid)) {
    throw new Error('the pages to be measured are not sound')
  }

  report(kernel, 'page checksum, 8 KiB a call', pages.length, () => {
    for (let index = 0; index < PAGES; index++) kernel.pageChecksum(pageOf(pages, index), index)
  })
  report(kernel, 'scan, 256 KiB a call', pages.length, () => kernel.scanPages(pages, whole))
  report(kernel, 'CRC-32C, 256 KiB a call', pages.length, () => kernel.crc32c(pages))
  report(kernel, 'CRC-32C, 8 KiB a call', pages.length, () => {
    for (let index = 0; index < PAGES; index++) kernel.crc32c(pageOf(pages, index))
  })
  const elsewhere = Uint8Array.from(pages)
  report(kernel, 'CRC-32C, 256 KiB of other memory', pages.length, () => kernel.crc32c(elsewhere))

  const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-kernel-'))
  try {
    const file = path.join(directory, 'pages')
    writeFileSync(file, Buffer.concat(Array.from({ length: FILE_PAGES / PAGES }, () => pages)))
    const descriptor = openSync(file, 'r')
    try {
      report(kernel, 'read of 256 KiB and scan', pages.length, (round) => {
        const at = (round * pages.length) % (FILE_PAGES * PAGE_BYTES)
        readSync(descriptor, pages, 0, pages.length, at)
        kernel.scanPages(pages, whole)
      })
    } finally {
      closeSync(descriptor)
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Runs `work` for a while and prints how many bytes a second it went over. */
function report(kernel: PageKernel, what: string, bytes: number, work: (round: number) => unknown): void {
  const rates: number[] = []
  const end = performance.now() + SECONDS * 1000
  for (let round = 0; performance.now() < end;) {
    const start = performance.now()
    for (let done = 0; done < ROUNDS; done++) work(round++)
    rates.push((bytes * ROUNDS) / ((performance.now() - start) * 1e6))
  }
  rates.sort((a, b) => b - a)
  const [best = 0] = rates
  const median = rates[rates.length >>> 1] ?? 0
  console.log(
    `${kernel.kind}  ${what.padEnd(34)} ${best.toFixed(2).padStart(6)} ${median.toFixed(2).padStart(6)}`,
  )
}

/** Sound pages with bytes that do not repeat. */
function fillPages(pages: Uint8Array, kernel: PageKernel): void {
  let state = 1
  for (let at = 0; at < pages.length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) | 0
    pages[at] = state >>> 16
  }
  for (let index = 0; index < PAGES; index++) {
    const page = pageOf(pages, index)
    const view = new DataView(page.buffer, page.byteOffset, PAGE_BYTES)
    view.setUint16(10, 0, true)
    view.setUint16(12, 64, true)
    view.setUint16(14, 4096, true)
    view.setUint16(16, PAGE_BYTES, true)
    view.setUint16(18, PAGE_BYTES | 4, true)
    view.setUint16(8, kernel.pageChecksum(page, index), true)
  }
}

function pageOf(pages: Uint8Array, index: number): Uint8Array {
  return pages.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES)
}
