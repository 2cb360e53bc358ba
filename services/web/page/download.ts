/** Files that the page itself makes. */

export function download(name: string, content: string | Blob, type = 'text/plain;charset=utf-8'): void {
  const blob = typeof content === 'string' ? new Blob([content], { type }) : content;
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read the blob by the next task.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

/** `talk.mp3` becomes `talk`; a name without an ending stays. */
export function withoutEnding(name: string): string {
  return name.replace(/(?<=.)\.[^.]{1,8}$/u, '');
}
