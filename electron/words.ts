import type { Settings } from '../engine/api/contract/app.ts'
import type { JobKind } from '../engine/api/contract/jobs.ts'

/** What menu, tray and dialogs say. The window has its own words. */
export type Words = {
  readonly about: string
  readonly hide: string
  readonly hideOthers: string
  readonly file: string
  readonly newWindow: string
  readonly closeWindow: string
  readonly quit: string
  readonly edit: string
  readonly undo: string
  readonly redo: string
  readonly cut: string
  readonly copy: string
  readonly paste: string
  readonly selectAll: string
  readonly view: string
  readonly zoomIn: string
  readonly zoomOut: string
  readonly actualSize: string
  readonly fullScreen: string
  readonly developerTools: string
  readonly window: string
  readonly minimize: string
  readonly open: string
  readonly noJobs: string
  readonly cancelJob: (what: string) => string
  readonly job: Readonly<Record<JobKind, (subject: string) => string>>
  readonly calm: string
  readonly working: (count: number) => string
  readonly attention: (count: number) => string
  readonly problem: (count: number) => string
  readonly jobFailed: (what: string) => string
  readonly jobDone: (what: string) => string
  readonly quitQuestion: (count: number) => string
  readonly quitDetail: string
  readonly keepRunning: string
  readonly stopAndQuit: string
  readonly cancel: string
  readonly engineEnded: string
  readonly engineEndedDetail: (reason: string) => string
  readonly restartEngine: string
  readonly chooseDirectory: string
}

const english: Words = {
  about: 'About Tidemark',
  hide: 'Hide Tidemark',
  hideOthers: 'Hide Others',
  file: 'File',
  newWindow: 'New Window',
  closeWindow: 'Close Window',
  quit: 'Quit Tidemark',
  edit: 'Edit',
  undo: 'Undo',
  redo: 'Redo',
  cut: 'Cut',
  copy: 'Copy',
  paste: 'Paste',
  selectAll: 'Select All',
  view: 'View',
  zoomIn: 'Zoom In',
  zoomOut: 'Zoom Out',
  actualSize: 'Actual Size',
  fullScreen: 'Full Screen',
  developerTools: 'Developer Tools',
  window: 'Window',
  minimize: 'Minimize',
  open: 'Open Tidemark',
  noJobs: 'No job is running',
  cancelJob: (what) => `Cancel: ${what}`,
  job: {
    backup: (subject) => `Backup of ${subject}`,
    validate: (subject) => `Validation of ${subject}`,
    restore: (subject) => `Restore of ${subject}`,
    merge: (subject) => `Merge in ${subject}`,
    delete: (subject) => `Deletion in ${subject}`,
    retention: (subject) => `Retention of ${subject}`,
    'receive-wal': (subject) => `WAL receiver of ${subject}`,
    'index-wal': (subject) => `Reading the WAL of ${subject}`,
    drill: (subject) => `Restore test of ${subject}`,
    scratch: (subject) => `Scratch server of ${subject}`,
    'pull-table': (subject) => `Pulling a table back into ${subject}`,
  },
  calm: 'Tidemark: all is well',
  working: (count) => (count === 1 ? 'Tidemark: 1 job is running' : `Tidemark: ${count} jobs are running`),
  attention: (count) =>
    count === 1 ? 'Tidemark: 1 instance wants a look' : `Tidemark: ${count} instances want a look`,
  problem: (count) =>
    count === 1 ? 'Tidemark: 1 instance has a problem' : `Tidemark: ${count} instances have a problem`,
  jobFailed: (what) => `${what} failed`,
  jobDone: (what) => `${what} is done`,
  quitQuestion: (count) => (count === 1 ? 'A job is running.' : `${count} jobs are running.`),
  quitDetail:
    'A backup that is stopped cannot be restored. A restore that is stopped leaves a partial directory.',
  keepRunning: 'Keep Running in Tray',
  stopAndQuit: 'Stop Jobs and Quit',
  cancel: 'Cancel',
  engineEnded: 'The backup engine has stopped.',
  engineEndedDetail: (reason) => `${reason}\n\nJobs that were running are listed as interrupted.`,
  restartEngine: 'Restart Engine',
  chooseDirectory: 'Choose a Directory',
}

const chinese: Words = {
  about: '关于 Tidemark',
  hide: '隐藏 Tidemark',
  hideOthers: '隐藏其他',
  file: '文件',
  newWindow: '新建窗口',
  closeWindow: '关闭窗口',
  quit: '退出 Tidemark',
  edit: '编辑',
  undo: '撤销',
  redo: '重做',
  cut: '剪切',
  copy: '复制',
  paste: '粘贴',
  selectAll: '全选',
  view: '视图',
  zoomIn: '放大',
  zoomOut: '缩小',
  actualSize: '实际大小',
  fullScreen: '全屏',
  developerTools: '开发者工具',
  window: '窗口',
  minimize: '最小化',
  open: '打开 Tidemark',
  noJobs: '没有正在运行的任务',
  cancelJob: (what) => `取消：${what}`,
  job: {
    backup: (subject) => `备份 ${subject}`,
    validate: (subject) => `校验 ${subject}`,
    restore: (subject) => `恢复 ${subject}`,
    merge: (subject) => `合并 ${subject} 的备份`,
    delete: (subject) => `删除 ${subject} 的备份`,
    retention: (subject) => `对 ${subject} 执行留存策略`,
    'receive-wal': (subject) => `接收 ${subject} 的 WAL`,
    'index-wal': (subject) => `读取 ${subject} 的 WAL`,
    drill: (subject) => `${subject} 的恢复演练`,
    scratch: (subject) => `${subject} 的临时实例`,
    'pull-table': (subject) => `将表取回 ${subject}`,
  },
  calm: 'Tidemark：一切正常',
  working: (count) => `Tidemark：${count} 个任务正在运行`,
  attention: (count) => `Tidemark：${count} 个实例需要查看`,
  problem: (count) => `Tidemark：${count} 个实例有问题`,
  jobFailed: (what) => `${what} 失败`,
  jobDone: (what) => `${what} 已完成`,
  quitQuestion: (count) => `有 ${count} 个任务正在运行。`,
  quitDetail: '中止的备份无法用于恢复；中止的恢复会留下不完整的目录。',
  keepRunning: '在托盘中继续运行',
  stopAndQuit: '停止任务并退出',
  cancel: '取消',
  engineEnded: '备份引擎已停止。',
  engineEndedDetail: (reason) => `${reason}\n\n当时正在运行的任务会显示为已中断。`,
  restartEngine: '重新启动引擎',
  chooseDirectory: '选择目录',
}

/** The words for a setting; `system` takes the first of the system's languages that is one of ours. */
export function wordsFor(language: Settings['language'], systemLanguages: readonly string[]): Words {
  if (language !== 'system') return language === 'zh-CN' ? chinese : english
  const known = systemLanguages.find((tag) => /^(en|zh)\b/i.test(tag))
  return known?.toLowerCase().startsWith('zh') === true ? chinese : english
}
