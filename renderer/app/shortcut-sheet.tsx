import { useTexts } from '../lib/i18n.ts'
import { Dialog } from '../ui/parts.tsx'

const KEYS = [
  ['Ctrl/⌘ K', 'shortcuts.palette'],
  ['/', 'shortcuts.filter'],
  ['F6', 'shortcuts.regions'],
  ['Alt ← →', 'shortcuts.back'],
  ['Ctrl/⌘ B', 'shortcuts.backup'],
  ['Ctrl/⌘ J', 'shortcuts.jobs'],
  ['Ctrl/⌘ 1…6', 'shortcuts.tabs'],
  ['Ctrl/⌘ R', 'shortcuts.refresh'],
  ['↑ ↓ ← →', 'shortcuts.rows'],
  ['⇧ ↑ ↓', 'shortcuts.range'],
  ['Space', 'shortcuts.toggle'],
  ['Ctrl/⌘ A', 'shortcuts.all'],
  ['V', 'shortcuts.validate'],
  ['R', 'shortcuts.restore'],
  ['M', 'shortcuts.merge'],
  ['Del', 'shortcuts.delete'],
  ['N', 'shortcuts.note'],
  ['P', 'shortcuts.pin'],
  ['C', 'shortcuts.copy'],
  ['⇧ C', 'shortcuts.copy-command'],
  ['Enter', 'shortcuts.inspect'],
  ['T', 'shortcuts.twin'],
  ['+ − 0 F', 'shortcuts.zoom'],
  ['[ ]  Home End', 'shortcuts.edges'],
  [', .', 'shortcuts.commits'],
  ['1…9', 'shortcuts.timelines'],
  ['B', 'shortcuts.base'],
  ['?', 'shortcuts.help'],
] as const

/** Every key of the window. */
export function ShortcutSheet({ onClose }: { readonly onClose: () => void }) {
  const { say } = useTexts()
  return (
    <Dialog title={say('shortcuts.title')} closeLabel={say('common.close')} onClose={onClose}>
      <dl className="facts">
        {KEYS.map(([keys, text]) => (
          <div key={text} className="fact">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{say(text)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
