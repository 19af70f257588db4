/** Whether a process of this machine lives. `foreign`: it does, and belongs to another user. */
export function isProcessAlive(pid: number): 'alive' | 'gone' | 'foreign' {
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM' ? 'foreign' : 'gone'
  }
}
