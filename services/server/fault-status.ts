/** True for a status by which something went wrong here: such lines of the log stand out. 503 tells of room that is missing alone. */
export function isFaultStatus(status: number): boolean {
  return status >= 500 && status !== 503;
}
