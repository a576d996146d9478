/**
 * Reads the control plane's API from within: a page shows what the API answers, and nothing else.
 *
 * **Invariant**: only GET; the rights are those of the page's own request.
 */
import type { Problem } from '../control/problem.ts';
import type { Passed } from '../control/guard.ts';
import type { FetchApi } from '../control/web-page.ts';
import type { BudgetLimitsAnswer, BudgetsAnswer } from '../control/budget-schemas.ts';
import type { CallsAnswer, RefusalsAnswer, RoutesAnswer } from '../control/call-schemas.ts';
import type { AuditAnswer, HoldsAnswer, QueueAnswer, StatusAnswer } from '../control/schemas.ts';
import type { TaskAnswer, TasksAnswer } from '../control/task-schemas.ts';
import type { UsageSumsAnswer } from '../control/usage-schemas.ts';
import type { ChecklistAnswer } from '../control/checklist-schemas.ts';
import type { ConfigAnswer } from '../control/config-schemas.ts';
import type { PacksAnswer } from '../control/pack-schemas.ts';
import type { CorrectionsAnswer, ExclusionsAnswer, SlaAnswer, SlaPresent } from '../control/sla-schemas.ts';
import type { ClaimAnswer, ClaimsAnswer, LettersAnswer } from '../control/claim-schemas.ts';
import type { AlertsAnswer } from '../control/alert-schemas.ts';

/** The API's own answers, by the path of the question without its query. */
interface Answers {
  '/v1/status': StatusAnswer;
  '/v1/budgets': BudgetsAnswer;
  '/v1/budgets/limits': BudgetLimitsAnswer;
  '/v1/queue': QueueAnswer;
  '/v1/tasks': TasksAnswer;
  '/v1/routes': RoutesAnswer;
  '/v1/holds': HoldsAnswer;
  '/v1/alerts': AlertsAnswer;
  '/v1/audit': AuditAnswer;
  '/v1/claims': ClaimsAnswer;
  '/v1/sla': SlaPresent;
  '/v1/exclusions': ExclusionsAnswer;
  '/v1/blame': CorrectionsAnswer;
  '/v1/packs': PacksAnswer;
  '/v1/config': ConfigAnswer;
  '/v1/checklist': ChecklistAnswer;
}

/** A question that the API refused. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

type Query = Readonly<Record<string, string | null | undefined>>;

export class ApiReader {
  readonly #fetch: FetchApi;
  readonly #passed: Passed;

  constructor(fetchApi: FetchApi, passed: Passed) {
    this.#fetch = fetchApi;
    this.#passed = passed;
  }

  /** Asks a question. @throws ApiProblem with the API's refusal. */
  get<Path extends keyof Answers>(path: Path, query: Query = {}): Promise<Answers[Path]> {
    return this.#ask(path, query) as Promise<Answers[Path]>;
  }

  task(id: string): Promise<TaskAnswer> {
    return this.#ask(`/v1/tasks/${encodeURIComponent(id)}`, {}) as Promise<TaskAnswer>;
  }

  /** Asks for a month of availability; `map` adds its windows for a picture. */
  slaMonth(month: string, { map = false } = {}): Promise<SlaAnswer> {
    const query = { map: map ? 'true' : null };
    return this.#ask(`/v1/sla/${encodeURIComponent(month)}`, query) as Promise<SlaAnswer>;
  }

  claim(month: string): Promise<ClaimAnswer> {
    return this.#ask(`/v1/claims/${encodeURIComponent(month)}`, {}) as Promise<ClaimAnswer>;
  }

  letters(month: string, revision: number): Promise<LettersAnswer> {
    const query = { revision: String(revision) };
    return this.#ask(`/v1/claims/${encodeURIComponent(month)}/letters`, query) as Promise<LettersAnswer>;
  }

  calls(query: Query): Promise<CallsAnswer> {
    return this.#ask('/v1/calls', { ...query, kind: 'sent' }) as Promise<CallsAnswer>;
  }

  refusals(kind: 'refused' | 'would-refuse', query: Query): Promise<RefusalsAnswer> {
    return this.#ask('/v1/calls', { ...query, kind }) as Promise<RefusalsAnswer>;
  }

  usageSums(query: Query & { by: string }): Promise<UsageSumsAnswer> {
    return this.#ask('/v1/usage', query) as Promise<UsageSumsAnswer>;
  }

  async #ask(path: string, query: Query): Promise<unknown> {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value) asked.set(name, value);
    const text = asked.toString();
    const request = new Request(`http://localhost${path}${text === '' ? '' : `?${text}`}`);
    const answer = await this.#fetch(request, this.#passed);
    const body: unknown = await answer.json();
    if (!answer.ok) throw new ApiProblem(body as Problem);
    return body;
  }
}
