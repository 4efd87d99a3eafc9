/**
 * The one way to the server: every call bears the session's token, every refusal becomes an
 * [ApiError], and what was written is seen by what is read next.
 */
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";
import { accessToken, renewed } from "./session";

export type Schema = components["schemas"];

/** What a list is asked for. */
export type Query<Path extends keyof paths> = paths[Path] extends {
  get: { parameters: { query?: infer Asked } };
}
  ? NonNullable<Asked>
  : never;

/** What the server says of a request that it did not do. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string | null,
    readonly details: Record<string, unknown>,
    /** What was wrong, by field. */
    readonly faults: { field: string; message: string }[],
    /** How long to wait before it is asked again, in seconds. */
    readonly retryAfter: number | null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** A request that was not answered at all. */
  static unanswered(): ApiError {
    return new ApiError(0, "unreachable", "The server cannot be reached.", null, {}, [], null);
  }
}

interface Envelope {
  error?: {
    code: string;
    message: string;
    field?: string | null;
    details?: Record<string, unknown>;
    errors?: { field: string; message: string }[];
  };
  request_id?: string;
}

/** What a refusal says, whoever has given it: a proxy in between may have no envelope. */
export async function refusal(response: Response): Promise<ApiError> {
  const envelope = (await response.json().catch(() => ({}))) as Envelope;
  const { error } = envelope;
  const after = Number(response.headers.get("Retry-After"));
  return new ApiError(
    response.status,
    error?.code ?? "unknown",
    error?.message ?? `The server answered ${response.status}.`,
    envelope.request_id ?? response.headers.get("X-Request-Id"),
    error?.details ?? {},
    error?.errors ?? [],
    Number.isFinite(after) && after > 0 ? after : null,
  );
}

/** The state that the last write has led to. */
let written: string | null = null;

const session: Middleware = {
  async onRequest({ request }) {
    const token = await accessToken();
    if (token !== null) request.headers.set("Authorization", `Bearer ${token}`);
    if (written !== null) request.headers.set("Consistency-Token", written);
    return request;
  },
  async onResponse({ response }) {
    const token = response.headers.get("Consistency-Token");
    if (token !== null) written = token;
    if (!response.ok && response.status !== 304) throw await refusal(response);
  },
  onError({ error }) {
    return error instanceof ApiError ? error : ApiError.unanswered();
  },
};

/** Sends a request once more where its token was refused and another is to be had. */
async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await fetch(request);
  const refused = request.headers.get("Authorization")?.replace("Bearer ", "");
  if (response.status !== 401 || refused === undefined) return response;
  const token = await renewed(refused);
  if (token === null) return response;
  again.headers.set("Authorization", `Bearer ${token}`);
  return fetch(again);
}

/** The API by its document. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });
api.use(session);

/** The key of one intent: it stays the same however often it is sent. */
export function newKey(): string {
  return crypto.randomUUID();
}
