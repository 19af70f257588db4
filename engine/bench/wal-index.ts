import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { findWalSegment } from '../base/wal-segment.ts'
import { arrangeWalArchive } from '../catalog/wal-archive.ts'
import { decodeWalPageHeader } from '../format/wal-page.ts'
import { MadeWal, timedData } from '../testing/made-wal.ts'
import { listSegments } from '../wal-index/segment-list.ts'
import { openWalIndexStore } from '../wal-index/store.ts'
import { updateWalIndex } from '../wal-index/update.ts'

// node engine/bench/wal-index.ts [DIRECTORY]: the reading of archived WAL against `cat` of the same files. Without a
// directory with plain segments some WAL is made up, of small transactions.

const ROUNDS = 5
const MADE_TRANSACTIONS = 60_000

const given = process.argv[2]
const directory = given ?? makeWal()
try {
  await measure(directory)
} finally {
  if (given === undefined) rmSync(directory, { recursive: true })
}

async function measure(place: string): Promise<void> {
  const names = readdirSync(place)
    .filter((name) => /^[0-9A-F]{24}$/.test(name))
    .toSorted()
  const [first] = names
  if (first === undefined) throw new Error(`"${place}" holds no WAL segment`)
  const head = readFileSync(path.join(place, first)).subarray(0, 40)
  const { segment } = decodeWalPageHeader(new DataView(head.buffer, head.byteOffset, head.length), 0)
  if (segment === undefined) throw new Error(`"${first}" is no WAL segment`)
  const { segmentBytes, systemIdentifier } = segment
  const listed = names
    .filter((name) => findWalSegment(name, segmentBytes) !== undefined)
    .map((name) => ({ name, sizeBytes: statSync(path.join(place, name)).size, modifiedMs: 0 }))
  const list = listSegments(arrangeWalArchive(place, segmentBytes, listed, new Map()), [])
  const [load = 0] = os.loadavg()
  console.log(
    `${os.cpus()[0]?.model ?? os.arch()}, Node ${process.version}, load ${load.toFixed(1)}; ${names.length} segments`,
  )
  const run = { signal: new AbortController().signal, report: () => undefined }
  for (let round = 0; round < ROUNDS; round++) {
    const about = { catalog: place, instance: 'bench', systemIdentifier, segmentBytes }
    using store = openWalIndexStore(undefined, about)
    const cpu = process.cpuUsage()
    const start = performance.now()
    const { readBytes, commits } = await updateWalIndex(store, about, list, run)
    const ms = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    const cat = performance.now()
    execFileSync('sh', ['-c', 'cat "$@" > /dev/null', 'sh', ...names], { cwd: place })
    const catMs = performance.now() - cat
    const rate = (bytes: number, millis: number): string => `${(bytes / millis / 1000).toFixed(0)} MB/s`
    console.log(
      `index ${rate(readBytes, ms)}, ${rate(readBytes, (user + system) / 1000)} of processor time, ` +
        `${((commits / ms) * 1000).toFixed(0)} commits/s; cat ${rate(readBytes, catMs)}`,
    )
  }
}

function makeWal(): string {
  const place = mkdtempSync(path.join(os.tmpdir(), 'tidemark-wal-'))
  const wal = new MadeWal()
  const data = new Uint8Array(70)
  for (let index = 0; index < MADE_TRANSACTIONS; index++) {
    const xid = 1000 + index
    const blocks = [{ relation: [1663, 5, 16_400 + (index % 4)] as const, block: index, data }]
    for (const info of [0x00, 0x20, 0x20, 0x10]) wal.append({ rmgr: 10, info, xid, blocks })
    wal.append({ rmgr: 11, xid, blocks })
    wal.append({ rmgr: 1, xid, mainData: timedData(BigInt(index) * 500n) })
  }
  wal.switchSegment()
  for (const [number, bytes] of wal.segments) writeFileSync(path.join(place, wal.nameOf(number)), bytes)
  return place
}
