/**
 * Who is signed in, in all tabs of this browser.
 *
 * A refresh token is good once, and a second use ends the session, for it looks like a theft: so one
 * tab at a time refreshes, and the others take what it was given.
 */

export interface Tokens {
  access: string;
  refresh: string;
  /** When the access token ends, in milliseconds since 1970. */
  expiresAt: number;
}

interface TokenAnswer {
  token: string;
  refresh_token: string;
  expires_in: number;
}

const KEY = "stockroom.session";
/** An access token is renewed when so little of its time is left. */
const EARLY_MS = 30_000;

const listeners = new Set<() => void>();
let cached: { text: string | null; tokens: Tokens | null } = { text: null, tokens: null };

/** The tokens as they are now; the same object until they change. */
export function tokens(): Tokens | null {
  const text = localStorage.getItem(KEY);
  if (text !== cached.text) {
    cached = { text, tokens: text === null ? null : (JSON.parse(text) as Tokens) };
  }
  return cached.tokens;
}

/** Calls back when someone has signed in or out, here or in another tab. */
export function onTokens(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

addEventListener("storage", (event) => {
  if (event.key === KEY) tell();
});

function tell(): void {
  for (const listener of listeners) listener();
}

/** Keeps what a sign-in or a refresh has given. */
export function signedIn(answer: TokenAnswer): Tokens {
  const tokens: Tokens = {
    access: answer.token,
    refresh: answer.refresh_token,
    expiresAt: Date.now() + answer.expires_in * 1000,
  };
  localStorage.setItem(KEY, JSON.stringify(tokens));
  tell();
  return tokens;
}

/** Forgets the session. */
export function signedOut(): void {
  localStorage.removeItem(KEY);
  tell();
}

/** An access token that is good for a while, or nothing where nobody is signed in. */
export async function accessToken(): Promise<string | null> {
  const known = tokens();
  if (known === null || known.expiresAt - Date.now() > EARLY_MS) return known?.access ?? null;
  return renewed(known.access);
}

/** Another access token than the one that was refused, if the session goes on. */
export async function renewed(refused: string): Promise<string | null> {
  return await navigator.locks.request(KEY, async () => {
    const known = tokens();
    // Another tab was faster, or has signed out.
    if (known === null || known.access !== refused) return known?.access ?? null;
    const response = await fetch("/api/auth/refresh", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh_token: known.refresh }),
    });
    if (response.ok) return signedIn((await response.json()) as TokenAnswer).access;
    if (response.status === 401) signedOut();
    else throw new TypeError(`The session could not be renewed: ${response.status}`);
    return null;
  });
}
