/** How a status is drawn: a shape besides the colour, so that neither is needed alone. */
export type StatusShape =
  'solid' | 'hollow' | 'running' | 'stale' | 'hatched' | 'cross' | 'ring' | 'dashed' | 'question'

/** The shape and tone of every status of a catalog. */
export function lookOf(
  status: string,
  isStale: boolean,
): { readonly shape: StatusShape; readonly tone: '' | 'broken' | 'look' | 'active' } {
  if (isStale) return { shape: 'stale', tone: 'look' }
  switch (status) {
    case 'OK':
      return { shape: 'solid', tone: '' }
    case 'DONE':
      return { shape: 'hollow', tone: '' }
    case 'RUNNING':
      return { shape: 'running', tone: 'active' }
    case 'CORRUPT':
      return { shape: 'cross', tone: 'broken' }
    case 'ERROR':
      return { shape: 'ring', tone: 'broken' }
    case 'ORPHAN':
      return { shape: 'dashed', tone: 'look' }
    case 'UNKNOWN':
      return { shape: 'question', tone: 'look' }
    default:
      return { shape: 'hatched', tone: 'look' }
  }
}

/** The mark of a status with its word. */
export function StatusMark({
  status,
  isStale,
  word,
}: {
  readonly status: string
  readonly isStale: boolean
  readonly word: string
}) {
  const { shape, tone } = lookOf(status, isStale)
  return (
    <span className={`status ${tone}`}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <Shape shape={shape} />
      </svg>
      {word}
    </span>
  )
}

function Shape({ shape }: { readonly shape: StatusShape }) {
  const stroke = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.6 }
  switch (shape) {
    case 'solid':
      return <rect x="1.5" y="1.5" width="9" height="9" rx="1.5" fill="var(--mark)" />
    case 'hollow':
      return <rect x="2" y="2" width="8" height="8" rx="1.5" {...stroke} stroke="var(--mark)" />
    case 'running':
      return <path d="M3 1.5 10.5 6 3 10.5Z" fill="currentColor" />
    case 'stale':
      return <path d="M3 1.5 10.5 6 3 10.5Z" {...stroke} />
    case 'cross':
      return <path d="M2 2 10 10M10 2 2 10" {...stroke} strokeWidth={2.2} />
    case 'ring':
      return <path d="M6 1.5a4.5 4.5 0 1 0 .01 0M6 3.5v3M6 8v.6" {...stroke} />
    case 'dashed':
      return <rect x="2" y="2" width="8" height="8" rx="1.5" {...stroke} strokeDasharray="2.4 2" />
    case 'hatched':
      return <path d="M2 2h8v8H2ZM2 7 7 2M4 10l6-6" {...stroke} strokeWidth={1.2} />
    case 'question':
      return <path d="M3.5 4a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .8-1 1.5M6 9.6v.8" {...stroke} />
  }
}
