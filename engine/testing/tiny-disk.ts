import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A file system of its own that really gets full. Disposing unmounts it, with all that is on it. */
export type TinyDisk = AsyncDisposable & {
  readonly path: string
  /** Takes all the room but `freeBytes`. */
  fill(freeBytes: number): Promise<void>
  /** Gives the room back that `fill` has taken. */
  empty(): void
}

const BLOCK_BYTES = 4096

/** Why there are none here, in brackets for a title; empty = there are. */
export function whyNoTinyDisk(): string {
  if (process.platform !== 'linux') return ' (skipped: small disks are made of Linux tmpfs)'
  if (process.getuid?.() !== 0) return ' (skipped: only root may mount a small disk)'
  const trial = mkdtempSync(path.join(tmpdir(), 'tidemark-disk-'))
  try {
    mount(trial, 'size=64k')
    run('umount', trial)
    return ''
  } catch {
    return ' (skipped: the system does not let this process mount a small disk)'
  } finally {
    rmdirSync(trial)
  }
}

/** Mounts a disk at a new directory. `files`: how many files and directories it has room for, if not any number. */
export function mountTinyDisk(
  directory: string,
  { bytes, files }: { readonly bytes: number; readonly files?: number },
): TinyDisk {
  mkdirSync(directory, { mode: 0o755 })
  mount(directory, `size=${bytes},mode=0755${files === undefined ? '' : `,nr_inodes=${files}`}`)
  const filler = path.join(directory, 'filler')
  return {
    path: directory,
    async fill(freeBytes) {
      const block = Buffer.alloc(BLOCK_BYTES, 'full')
      const file = await open(filler, 'w')
      try {
        for (;;) await file.write(block)
      } catch (thrown) {
        if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC')) throw thrown
      }
      const { size } = await file.stat()
      await file.truncate(size - freeBytes)
      await file.close()
    },
    empty: () => rmSync(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      if (existsSync(directory)) run('umount', '--lazy', directory)
    },
  }
}

function mount(directory: string, options: string): void {
  run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', directory)
}

function run(program: 'mount' | 'umount', ...words: readonly string[]): void {
  execFileSync(program, words, { stdio: 'ignore' })
}
