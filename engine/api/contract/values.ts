import * as z from 'zod'
import { parseBackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { parseInstanceName } from '../../base/instance-name.ts'

/** Runs one of our own parsers as a schema: its message becomes the issue. */
function parsedBy<Out>(parse: (text: string) => Out) {
  return z.string().transform((text, context): Out => {
    try {
      return parse(text)
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown
      context.addIssue({ code: 'custom', message: thrown.message })
      return z.NEVER
    }
  })
}

/** An absolute path of the machine that the engine runs on. */
export const pathText = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0'), 'holds a null byte')
  .refine((path) => path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path), 'is not an absolute path')

/** Names a plan that was shown: SHA-256, in 64 digits. */
export const planHash = z.string().max(64)

export const backupId = parsedBy(parseBackupId)
export const instanceName = parsedBy(parseInstanceName)

/** Names one instance: every subject that is about one takes these two. */
export const instanceRef = { catalog: pathText, instance: instanceName }

/** How to reach a server; what is left out follows `PG*` of the environment and libpq's defaults. */
export const serverAddress = z.strictObject({
  host: z.string().max(1024).optional(),
  port: z
    .string()
    .regex(/^[0-9]{0,5}$/, 'is not a port')
    .optional(),
  user: z.string().max(256).optional(),
  database: z.string().max(256).optional(),
})

export type ServerAddress = z.input<typeof serverAddress>

/** The instance a value is about. */
export type InstanceRef = { readonly catalog: string; readonly instance: string }

/** A sentence that a screen says in the user's language: `code` chooses it, `values` fill it. */
export type Sentence = {
  readonly code: string
  readonly values: Readonly<Record<string, string | number>>
}

/** `ok` is quiet, `attention` wants a look, `problem` means that something cannot be restored or has failed. */
export type Severity = 'ok' | 'attention' | 'problem'

/** Where recovery is to stop. Times carry their offset; `immediate` is the end of the backup itself. */
export const recoveryTarget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('immediate') }),
  z.strictObject({ kind: z.literal('latest') }),
  z.strictObject({ kind: z.literal('time'), at: z.string().min(1).max(64) }),
  z.strictObject({ kind: z.literal('xid'), xid: z.string().regex(/^[0-9]{1,20}$/) }),
  z.strictObject({ kind: z.literal('lsn'), lsn: z.string().max(20) }),
  z.strictObject({ kind: z.literal('name'), name: z.string().min(1).max(63) }),
])
