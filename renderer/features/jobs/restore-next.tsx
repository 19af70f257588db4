import type { JobResult } from '../../../engine/api/contract/jobs.ts'
import { shellWord } from '../../../engine/base/shell-word.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { CopyText } from '../../ui/parts.tsx'

type Restored = Extract<JobResult, { kind: 'restore' }>

/** What a restore has left to do: start the server, look, let it open. */
export function RestoreNext({ result }: { readonly result: Restored }) {
  const { say } = useTexts()
  const { dataDirectory, reusedBytes, deletedFiles, targetAction, isReplica, excludedDatabases, isForced } =
    result
  const copy = { label: say('common.copy'), doneLabel: say('common.copied') }
  const directory = shellWord(dataDirectory)
  return (
    <section className="card stack" aria-label={say('next.title')}>
      {reusedBytes === 0 && deletedFiles === 0 ? null : (
        <p className="quiet">
          {say('next.reused', { bytes: formatBytes(reusedBytes), files: deletedFiles })}
        </p>
      )}
      {isForced === true ? <p className="status look">! {say('forced.was')}</p> : null}
      <h2>{say('next.title')}</h2>
      <ol className="next">
        <li>
          {say('next.start')}
          <CopyText text={`pg_ctl -D ${directory} -l ${shellWord(`${dataDirectory}.log`)} start`} {...copy} />
          <span className="quiet">{say('next.port')}</span>
          <CopyText
            text={`pg_ctl -D ${directory} -l ${shellWord(`${dataDirectory}.log`)} -o '-p 5433' start`}
            {...copy}
          />
        </li>
        {isReplica === true ? (
          <li>{say('next.standby')}</li>
        ) : targetAction === 'pause' ? (
          <>
            <li>{say('next.look')}</li>
            <li>
              {say('next.promote')}
              <CopyText text={`pg_ctl -D ${directory} promote`} {...copy} />
              <span className="quiet">{say('next.again')}</span>
            </li>
          </>
        ) : targetAction === 'shutdown' ? (
          <li>{say('next.shutdown')}</li>
        ) : (
          <li>{say(targetAction === 'promote' ? 'next.opens' : 'next.opens-end')}</li>
        )}
        {excludedDatabases === undefined ? null : (
          <li>
            {say('next.drop')}
            <CopyText
              text={excludedDatabases.map((name) => `DROP DATABASE ${quoted(name)};`).join('\n')}
              {...copy}
            />
          </li>
        )}
        {isReplica === true || targetAction === 'shutdown' ? null : <li>{say('next.backup')}</li>}
      </ol>
    </section>
  )
}

/** A name as SQL wants it. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
