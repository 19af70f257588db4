import './restore-flow.css'

/** One block of the picture: what it is, its name, and more in small letters. */
export type FlowBlock = {
  readonly kind: 'backup' | 'wal' | 'target'
  readonly title: string
  readonly name: string
  readonly notes: readonly string[]
  /** What is wrong with it, in a word. */
  readonly trouble?: string
}

/** What a restore is made of, from left to right: the chain, the WAL that is replayed, and where all goes. */
export function RestoreFlow({
  blocks,
  label,
}: {
  readonly blocks: readonly FlowBlock[]
  readonly label: string
}) {
  return (
    <ol className="restore-flow" aria-label={label}>
      {blocks.map(({ kind, title, name, notes, trouble }, index) => (
        <li key={`${kind} ${name}`} className={`flow-block flow-${trouble === undefined ? kind : 'trouble'}`}>
          {index === 0 ? null : (
            <span className="flow-arrow" aria-hidden="true">
              {kind === blocks[index - 1]?.kind ? '+' : '→'}
            </span>
          )}
          <span className="flow-body">
            <b>{title}</b>
            <span className="mono">{name}</span>
            {trouble === undefined ? null : <b className="flow-word">✕ {trouble}</b>}
            {notes.map((note) => (
              <small key={note}>{note}</small>
            ))}
          </span>
        </li>
      ))}
    </ol>
  )
}
