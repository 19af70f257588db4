import { describe, expect, test } from 'vitest'
import { CommandFailed } from './measure.ts'
import { type Lane, runSeries, type SeriesOptions } from './series.ts'

const never = new AbortController().signal

/** Lanes that take 1 s, 2 s, … and write their names down. */
function lanesFor(names: readonly string[], told: string[], failing: Readonly<Record<string, Error>> = {}) {
  return names.map((name): Lane => {
    let round = 0
    return {
      name,
      async run() {
        told.push(name)
        const failure = failing[`${name}${++round}`]
        if (failure !== undefined) throw failure
        return { wallSeconds: round, cpuSeconds: 0, peakBytes: 0, storedBytes: 0 }
      },
    }
  })
}

function options(change: Partial<SeriesOptions> = {}): SeriesOptions {
  return { repeat: 2, hasWarmUp: true, settle: async () => undefined, tell: () => undefined, ...change }
}

describe('a series', () => {
  test('runs in turns, and does not count the warm-up', async () => {
    const told: string[] = []
    const settle = async () => void told.push('settle')
    const { lanes } = await runSeries('both', lanesFor(['a', 'b'], told), options({ settle }), never)

    expect(told.filter((word) => word !== 'settle').join('')).toBe('ababab')
    expect(told.filter((_, index) => index % 2 === 0)).toEqual(Array(6).fill('settle'))
    expect(lanes.map(({ runs }) => runs.map(({ wallSeconds }) => wallSeconds))).toEqual([
      [2, 3],
      [2, 3],
    ])
  })

  test('counts the first run where there is no warm-up', async () => {
    const { lanes } = await runSeries(
      'one',
      lanesFor(['a'], []),
      options({ repeat: 1, hasWarmUp: false }),
      never,
    )
    expect(lanes[0]?.runs).toHaveLength(1)
  })

  test('goes on without a lane that refuses, and without one that is not there', async () => {
    const told: string[] = []
    const lanes = lanesFor(['a', 'b'], told, { a1: new CommandFailed('not in this version') })
    const found = await runSeries(
      'some',
      [...lanes, { name: 'c', missing: 'c is not installed' }],
      options(),
      never,
    )

    expect(told.join('')).toBe('abbb')
    expect(found.lanes.map(({ missing }) => missing)).toEqual([
      'not in this version',
      undefined,
      'c is not installed',
    ])
  })

  test('goes on without a lane that fails after it went well, and forgets its runs', async () => {
    const told: string[] = []
    const lanes = lanesFor(['a', 'b'], told, { a3: new CommandFailed('disk full') })
    const found = await runSeries('bad', lanes, options({ repeat: 3 }), never)

    expect(told.join('')).toBe('abababb')
    expect(found.lanes[0]).toEqual({ name: 'a', runs: [], failure: 'disk full' })
    expect(found.lanes[1]?.runs).toHaveLength(3)
  })

  test('ends with anything that fails and is no command', async () => {
    const failing = lanesFor(['a'], [], { a1: new Error('our mistake') })
    await expect(runSeries('bad', failing, options(), never)).rejects.toThrow('our mistake')
  })

  test('ends between two runs when it is stopped', async () => {
    const told: string[] = []
    const abort = new AbortController()
    const tell = () => abort.abort(new Error('enough'))
    await expect(
      runSeries('cut', lanesFor(['a', 'b'], told), options({ tell }), abort.signal),
    ).rejects.toThrow('enough')
    expect(told).toEqual(['a'])
  })
})
