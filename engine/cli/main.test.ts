import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { VERSION } from '../api/version.ts'

const MAIN = path.join(import.meta.dirname, 'main.ts')

function run(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  })
  return { status, stdout, stderr }
}

test('runs as a program of its own', () => {
  expect(run('version')).toEqual({
    status: 0,
    stdout: `tidemark ${VERSION} (Node.js ${process.versions.node}, ${process.platform} ${process.arch})\n`,
    stderr: '',
  })
})

test('ends with status 1 and says why when the command line is wrong', () => {
  expect(run('bakcup')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'ERROR: there is no command "bakcup"\nHINT: Did you mean "backup"?\n',
  })
})

test('can be started by the system: shebang and executable bit', () => {
  expect(readFileSync(MAIN, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node')
  expect(statSync(MAIN).mode & 0o111).toBe(0o111)
})

test('a Node.js that is too old is told so, before anything else is loaded', () => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: '22.18.0' } }); import(${JSON.stringify(MAIN)})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', pretend, 'version'], {
    encoding: 'utf8',
  })

  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^ERROR: Tidemark needs Node.js 24 or newer, and this is 22.18.0\nHINT: /)
})
