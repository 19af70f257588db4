import { existsSync } from 'node:fs'
import path from 'node:path'
import { requireWalSegmentBytes } from '../../base/wal-segment.ts'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { backupNotFound } from '../../catalog/backup-not-found.ts'
import { type Backup, changeStatus, readControl } from '../../catalog/backup.ts'
import { chainOf } from '../../catalog/chain.ts'
import { type Inventory, readInventory } from '../../catalog/inventory.ts'
import { lockShared } from '../../catalog/lock.ts'
import { markStaleAsError, staleness } from '../../catalog/stale.ts'
import { type BackupControl, type BackupStatus, versionNumber } from '../../format/backup-control.ts'
import { configNumber, configSystemId } from '../../format/instance-config.ts'
import { ProgressTicker } from '../steps/progress-ticker.ts'
import { openWorkerPool } from '../steps/worker-pool.ts'
import { checkBackup, type CheckContext, type Finding } from '../steps/check-backup.ts'

export type ValidateInput = {
  readonly catalog: string
  readonly instances: readonly string[]
  /** Only these backups and what they need; then `instances` has one name. */
  readonly ids: readonly BackupId[] | undefined
  readonly threads: number
  readonly checksBlocks: boolean
  /** Backups of a newer writer are not judged. */
  readonly newestProgramVersion: string
}

export type Verdict = {
  readonly instance: string
  readonly backupId: BackupId
  readonly status: BackupStatus
}

export type ValidateOutcome = {
  readonly verdicts: readonly Verdict[]
  readonly findings: readonly Finding[]
  /** Every backup that was looked at is OK. */
  readonly isSound: boolean
}

/** What validation may look at; the other statuses are told as they are (catalog format 9.1). */
const EXAMINED: ReadonlySet<BackupStatus> = new Set(['OK', 'DONE', 'ORPHAN', 'CORRUPT'])

/**
 * Checks backups and writes the verdicts into their control files: OK, CORRUPT, and ORPHAN for what hangs on a damaged
 * or missing parent. Parents are checked before their children, so one pass also heals ORPHANs whose parent is sound
 * again. Damage is a finding of the outcome; an exception means that validation itself could not go on.
 */
export async function validateBackups(input: ValidateInput, run: Run): Promise<ValidateOutcome> {
  await using pool = openWorkerPool({ threads: input.threads, signal: run.signal })
  const inventories: Inventory[] = []
  for (const instance of input.instances) inventories.push(await readInventory(input.catalog, instance, run))

  const asked = inventories.map((inventory) => ({ inventory, backups: backupsToCheck(inventory, input.ids) }))
  const all = asked.flatMap(({ backups }) => backups)
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'validate',
    pool,
    totalBytes: all.reduce((sum, { control }) => sum + storedBytes(control), 0),
    totalFiles: 0,
  })
  const verdicts: Verdict[] = []
  const findings: Finding[] = []
  for (const { inventory, backups } of asked) {
    const instance = new InstanceValidation(inventory, input, {
      archiveDirectory: path.join(input.catalog, 'wal', inventory.instance),
      walSegmentBytes: requireWalSegmentBytes(configNumber(inventory.config, 'xlog-seg-size') ?? 16 << 20),
      systemIdentifier: requireSystemIdentifier(inventory),
      checksBlocks: input.checksBlocks,
      pool,
      ticker,
      run,
    })
    for (const backup of backups) {
      run.signal.throwIfAborted()
      try {
        requireThere(backup)
        await instance.validate(backup)
      } catch (thrown) {
        // Retention or a merge may have taken it while it waited for its turn, or for the lock.
        if (run.signal.aborted || existsSync(backup.directory)) throw thrown
        requireInstanceThere(backup)
        if (input.ids?.includes(backup.id) === true) throw backupNotFound(inventory, backup.id)
        instance.passOverVanished(backup)
        continue
      }
      // What one backup needs is damaged: that is the answer. Of several, the others are still to be looked at.
      if (input.ids?.length === 1 && instance.statusOf(backup) !== 'OK') break
    }
    verdicts.push(...instance.verdicts)
    findings.push(...instance.findings)
  }
  const isSound = verdicts.every(({ status }) => status === 'OK')
  return { verdicts, findings, isSound }
}

function requireThere({ id, directory }: Backup): void {
  if (existsSync(directory)) return
  throw new EngineError('backup.not-found', `backup ${id} vanished`, {
    hint: 'See what is left with "tidemark show".',
    facts: { backup: id },
  })
}

/** What has gone with all others was not deleted: nothing would be left to find wrong. */
function requireInstanceThere({ instance, directory }: Backup): void {
  const place = path.dirname(directory)
  if (existsSync(place)) return
  throw new EngineError('storage.not-found', `the backups of instance "${instance}" are not there any more`, {
    hint: 'Check whether the disk of the catalog is mounted, then validate again.',
    facts: { path: place },
  })
}

/** Oldest first. With ids: the chains that lead to them, each backup once. */
function backupsToCheck(inventory: Inventory, ids: readonly BackupId[] | undefined): readonly Backup[] {
  if (ids === undefined) return inventory.backups.toReversed()
  const wanted = new Set<BackupId>()
  for (const id of ids) {
    if (!inventory.backups.some((one) => one.id === id)) throw backupNotFound(inventory, id)
    const chain = chainOf(inventory, id)
    for (const member of chain.kind === 'whole' ? chain.backups : []) wanted.add(member.id)
    wanted.add(id)
  }
  return inventory.backups.filter(({ id }) => wanted.has(id)).toReversed()
}

/** The validation of one instance: what is known of each backup by now. */
class InstanceValidation {
  readonly verdicts: Verdict[] = []
  readonly findings: Finding[] = []
  readonly #inventory: Inventory
  readonly #input: ValidateInput
  readonly #context: CheckContext
  readonly #statuses: Map<BackupId, BackupStatus>

  constructor(inventory: Inventory, input: ValidateInput, context: CheckContext) {
    this.#inventory = inventory
    this.#input = input
    this.#context = context
    this.#statuses = new Map(inventory.backups.map(({ id, control }) => [id, control?.status ?? 'UNKNOWN']))
  }

  statusOf(backup: Backup): BackupStatus {
    return this.#statuses.get(backup.id) ?? 'UNKNOWN'
  }

  /** There is no verdict on what is not there. */
  passOverVanished(backup: Backup): void {
    this.#statuses.delete(backup.id)
    const message = `backup ${backup.id} was deleted or merged since validation began, and is not examined`
    this.#tell(backup, 'attention', 'vanished', message)
  }

  async validate(backup: Backup): Promise<void> {
    const { run } = this.#context
    const status = this.statusOf(backup)
    const { control } = backup
    if (control === undefined) {
      this.#tell(backup, 'attention', 'control-file', backup.problem ?? 'backup.control cannot be read')
      return this.#conclude(backup, 'UNKNOWN')
    }
    if (status === 'RUNNING' && staleness(backup) === 'stale') {
      await markStaleAsError(backup, Math.floor(run.clock.nowMs() / 1000))
      this.#tell(
        backup,
        'attention',
        'stale-running',
        `backup ${backup.id} was left by a process that is gone`,
      )
      return this.#conclude(backup, 'ERROR')
    }
    if (!EXAMINED.has(status)) return this.#passOver(backup, status)
    if (versionNumber(control.programVersion ?? '') > versionNumber(this.#input.newestProgramVersion)) {
      const message = `backup ${backup.id} was written by version ${control.programVersion}, which is newer than this program knows`
      this.#tell(backup, 'attention', 'newer-version', message)
      return this.#conclude(backup, status)
    }
    const broken =
      this.#brokenParent(backup) && this.#brokenParent({ ...backup, ...readControl(backup.directory) })
    if (broken !== undefined) {
      this.#tell(
        backup,
        'problem',
        'parent',
        `backup ${backup.id} needs backup ${broken}, which is damaged or missing`,
      )
      return await this.#write(backup, 'ORPHAN')
    }

    run.log.info(`validating backup ${backup.id}`)
    await using _lock = await lockShared(backup.directory, { ...run, onlyReads: true })
    // Others may have been read for hours, and who held it until now may have merged it.
    const now = readControl(backup.directory)
    if (now.control === undefined || !EXAMINED.has(now.control.status))
      return this.#passOver(backup, now.control?.status ?? 'UNKNOWN')
    const found = await checkBackup({ ...backup, ...now }, now.control, this.#context)
    // Where this user may not write a lock, somebody may have begun to delete or merge it meanwhile.
    const then = readControl(backup.directory).control?.status
    if (then === undefined || !EXAMINED.has(then)) return this.#passOver(backup, then ?? 'UNKNOWN')
    for (const finding of found) this.#log(finding)
    this.findings.push(...found)
    const isDamaged = found.some(({ severity }) => severity === 'problem')
    run.log[isDamaged ? 'error' : 'info'](`backup ${backup.id} is ${isDamaged ? 'damaged' : 'valid'}`)
    await this.#write(backup, isDamaged ? 'CORRUPT' : 'OK')
    if (isDamaged) await this.#orphanDescendants(backup)
  }

  #passOver(backup: Backup, status: BackupStatus): void {
    const message = `backup ${backup.id} has status ${status} and is not examined`
    this.#tell(backup, 'attention', 'not-examined', message)
    this.#conclude(backup, status)
  }

  /** The nearest ancestor that rules the backup out. Parents have been judged before. */
  #brokenParent({ control }: Backup): BackupId | undefined {
    const seen = new Set<BackupId>()
    for (let id = control?.parentId; id !== undefined;) {
      const parent = this.#inventory.backups.find((one) => one.id === id)
      const status = this.#statuses.get(id)
      if (parent === undefined || seen.has(id) || (status !== 'OK' && status !== 'DONE')) return id
      seen.add(id)
      id = parent.control?.parentId
    }
    return control?.mode !== 'FULL' && control?.parentId === undefined ? ('?' as BackupId) : undefined
  }

  /** Children that are not asked about lose their status as well: nobody may restore them (catalog format 3.5). */
  async #orphanDescendants(parent: Backup): Promise<void> {
    for (const child of this.#inventory.backups) {
      if (child.control?.parentId !== parent.id || !existsSync(child.directory)) continue
      const status = this.statusOf(child)
      if (status === 'OK' || status === 'DONE') {
        this.#context.run.log.warning(`backup ${child.id} is orphaned: its parent ${parent.id} is damaged`)
        await this.#change(child, 'ORPHAN')
      }
      await this.#orphanDescendants(child)
    }
  }

  async #write(backup: Backup, status: BackupStatus): Promise<void> {
    await this.#change(backup, status)
    this.#conclude(backup, this.statusOf(backup))
  }

  async #change(backup: Backup, status: BackupStatus): Promise<void> {
    const { control } = readControl(backup.directory)
    if (status === 'ORPHAN' && control !== undefined && control.parentId !== backup.control?.parentId) {
      // A merge has made a FULL of it since the inventory was read: it has lost nothing.
      this.#statuses.set(backup.id, control.status)
      return
    }
    this.#statuses.set(backup.id, status)
    try {
      await changeStatus(backup.directory, status)
    } catch (thrown) {
      if (!(thrown instanceof EngineError) || thrown.code !== 'storage.denied') throw thrown
      this.#context.run.log.warning(
        `that backup ${backup.id} is ${status} could not be written down: ${thrown.message}`,
      )
    }
  }

  #conclude(backup: Backup, status: BackupStatus): void {
    this.#statuses.set(backup.id, status)
    this.verdicts.push({ instance: this.#inventory.instance, backupId: backup.id, status })
  }

  #tell(backup: Backup, severity: Finding['severity'], code: string, message: string): void {
    const finding = {
      severity,
      code,
      instance: this.#inventory.instance,
      backupId: backup.id,
      where: 'backup.control',
      message,
    }
    this.findings.push(finding)
    this.#log(finding)
  }

  #log({ severity, message }: Finding): void {
    this.#context.run.log[severity === 'problem' ? 'error' : 'warning'](message)
  }
}

function requireSystemIdentifier({ config, instance }: Inventory): bigint {
  const identifier = configSystemId(config)
  if (identifier !== undefined) return identifier
  throw new EngineError(
    'format.damaged',
    `pg_probackup.conf of instance "${instance}" names no system-identifier`,
    {
      hint: 'Put the identifier back (pg_controldata tells it); WAL of another cluster could not be told apart without it.',
    },
  )
}

function storedBytes(control: BackupControl | undefined): number {
  const walBytes = control?.isStream === true ? (control.walBytes ?? 0) : 0
  return (control?.dataBytes ?? 0) + walBytes
}
