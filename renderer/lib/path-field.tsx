import { useState } from 'react'
import { useEngine } from './engine.tsx'
import { errorLine } from './error-texts.ts'
import { useTexts } from './i18n.ts'
import { useQuery } from './use-query.ts'

/** A path of the engine's machine: typed, or chosen with the system's dialog or from a list where there is none. */
export function PathField(props: {
  readonly label: string
  readonly hint?: string | undefined
  readonly value: string
  readonly onChange: (path: string) => void
}) {
  const { say } = useTexts()
  const [isBrowsing, setBrowsing] = useState(false)
  const browse = async (): Promise<void> => {
    if (window.tidemark === undefined) return setBrowsing(!isBrowsing)
    const chosen = await window.tidemark.chooseDirectory({ title: props.label })
    if (chosen !== undefined) props.onChange(chosen)
  }
  return (
    <div className="field">
      <label>
        <span>{props.label}</span>
        <span className="path-field">
          <input
            value={props.value}
            onChange={(event) => props.onChange(event.target.value)}
            spellCheck={false}
          />
        </span>
      </label>
      <div className="row">
        <button type="button" className="button small" onClick={() => void browse()}>
          {say('common.browse')}
        </button>
        {props.hint === undefined ? null : <small>{props.hint}</small>}
      </div>
      {isBrowsing ? (
        <Browser
          start={props.value}
          onChoose={(path) => {
            props.onChange(path)
            setBrowsing(false)
          }}
        />
      ) : null}
    </div>
  )
}

function Browser({ start, onChoose }: { readonly start: string; readonly onChoose: (path: string) => void }) {
  const engine = useEngine()
  const { say, language } = useTexts()
  const [path, setPath] = useState<string | undefined>(start.startsWith('/') ? start : undefined)
  const listing = useQuery(`browse ${path}`, (signal) => engine['host.browse']({ path }, { signal }))
  if (listing.kind === 'failed') {
    return (
      <p role="alert" className="quiet">
        {errorLine(listing.error, language)}{' '}
        <button type="button" className="button small" onClick={() => setPath(undefined)}>
          {say('common.back')}
        </button>
      </p>
    )
  }
  if (listing.kind === 'loading') return <p className="quiet">{say('common.loading')}</p>
  const { parent, entries, path: at } = listing.value
  const below = (name: string): string => (at.endsWith('/') ? `${at}${name}` : `${at}/${name}`)
  return (
    <div className="stack">
      <div className="row">
        <code className="grow">{at}</code>
        <button type="button" className="button small primary" onClick={() => onChoose(at)}>
          {say('common.choose-here')}
        </button>
      </div>
      <div className="browse">
        {parent === undefined ? null : (
          <button type="button" onClick={() => setPath(parent)}>
            ↑ {say('common.up')}
          </button>
        )}
        {entries
          .filter(({ isDirectory }) => isDirectory)
          .map(({ name }) => (
            <button key={name} type="button" onClick={() => setPath(below(name))}>
              {name}/
            </button>
          ))}
      </div>
    </div>
  )
}
