// Asking again until there is an answer: a server that was restarted is found by itself.
import { ApiError, tokenGiven } from './api';

const firstWait = 400, longestWait = 4000; // milliseconds

/** What will not get better by asking again. A missing token (401) may be given in the meantime. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 401;
}

export function sentence(error: unknown): string {
  // fetch rejects with TypeError where there is no connection.
  return error instanceof TypeError ? 'the server does not answer' : (error as Error).message;
}

/** Ends early when there is reason to ask at once. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const ended = new AbortController();
    const end = () => { clearTimeout(timer); ended.abort(); resolve(); };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { signal: ended.signal });
    for (const reason of ['online', tokenGiven]) addEventListener(reason, end, { signal: ended.signal });
  });
}

/** The result of `ask`, asked for until it comes. Rejects where asking again is no use, or the signal aborts. */
export async function persistently<T>(ask: () => Promise<T>, signal: AbortSignal, failed: (why: string) => void): Promise<T> {
  for (let wait = firstWait; ; wait = Math.min(2 * wait, longestWait)) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || isFinal(error)) throw error;
      failed(`${sentence(error)}; trying again…`);
    }
    await pause(wait, signal);
    signal.throwIfAborted();
  }
}
