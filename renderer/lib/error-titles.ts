import { ERROR_CODES, type ErrorCode } from '../../engine/base/error-codes.ts'

/** Titles of failures in Chinese; the English ones are the engine's own. */
const CHINESE: Readonly<Record<ErrorCode, string>> = {
  'value.malformed': '输入的值无法识别。',
  'storage.not-found': '所需的文件或目录不存在。',
  'storage.exists': '不应存在的对象已经存在。',
  'storage.not-empty': '必须为空的目录中已有文件。',
  'storage.denied': '操作系统拒绝访问文件。',
  'storage.full': '文件系统空间已满。',
  'storage.failed': '读写文件失败。',
  'format.damaged': '文件格式损坏或校验和不一致。',
  'format.unsupported': '文件由 Tidemark 不认识的版本写入。',
  'catalog.not-found': '该目录不是备份目录。',
  'catalog.newer-version': '备份由更新的程序写入，Tidemark 无法读取。',
  'instance.not-found': '备份目录中没有该实例。',
  'instance.exists': '备份目录中已有同名实例。',
  'instance.identity-mismatch': '服务器不是该实例登记的集群。',
  'backup.not-found': '该实例没有这个备份。',
  'backup.chain-broken': '备份所需的父备份缺失或损坏。',
  'backup.not-restorable': '备份的状态不允许此操作。',
  'backup.in-future': '最新备份的时间晚于本机时钟。',
  'backup.damaged': '校验发现备份损坏。',
  'backup.page-corrupt': '运行中的集群有页面反复校验失败。',
  'catalog.locked': '备份正被其他进程占用。',
  'plan.stale': '制定计划后备份目录已发生变化。',
  'restore.diverged': '目录中的页与增量恢复所依据的历史不符。',
  'plan.refused': '计划无法按现状执行。',
  'server.unreachable': '无法连接服务器。',
  'server.auth-failed': '服务器拒绝了用户或密码。',
  'server.no-database': '要连接的数据库不存在。',
  'server.denied': '角色缺少所需权限。',
  'server.query-failed': '服务器对查询返回了错误。',
  'server.unsupported': 'Tidemark 不支持该服务器的类型或版本。',
  'server.connection-lost': '与服务器的连接中断。',
  'server.running': '目录中有正在运行的服务器。',
  'restore.unreachable': '现有 WAL 无法到达恢复目标。',
  'wal.missing': '缺少所需的 WAL 段。',
  'wal.timeout': 'WAL 未能及时到达。',
  'wal.damaged': 'WAL 记录无法读取。',
  'wal.conflict': 'WAL 归档中已有同名但内容不同的文件。',
  'job.not-found': '没有这个任务。',
  'process.failed': '辅助程序异常结束。',
  'usage.invalid': '参数有误。',
  'engine.gone': '引擎进程已结束。',
  'run.cancelled': '操作已取消。',
  'run.timeout': '操作超过了允许的时间。',
  'internal.bug': 'Tidemark 内部错误。',
}

/** The title of a failure's card. */
export function errorTitle(code: ErrorCode, language: string): string {
  return language === 'zh-CN' ? CHINESE[code] : ERROR_CODES[code].meaning
}
