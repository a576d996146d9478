/** The lines under "Content Safety": the app must judge the prompts of its users. */
import { notOurs, passed, type LineVerdict } from '../check.ts';

export const contentLines = {
  prompts_validated: promptsValidated,
  prompts_sanitized: promptsSanitized,
  negative_prompt: negativePrompt,
  moderation,
  policy_errors: policyErrors,
};

function promptsValidated(): LineVerdict {
  return notOurs(
    'The sidecar checks that a create can be priced without doubt; it judges no prompt.',
    'Check prompts before the create: present, at most 2500 characters (3072 for the 3.0 family), in a language that you support.',
  );
}

function promptsSanitized(): LineVerdict {
  return notOurs(
    'Prompts go to Kling as the app wrote them.',
    'Take control characters and mark-up out of what users write, and never let it choose model, mode or length.',
  );
}

function negativePrompt(): LineVerdict {
  return notOurs(
    'The sidecar adds nothing to a create but an external task id.',
    'Send a negative_prompt with your safety terms on the /v1 paths; the paths without /v1 have no such field, so put them into the prompt.',
  );
}

function moderation(): LineVerdict {
  return notOurs(
    'The sidecar judges no result, whether it keeps the file or not.',
    'Let the app moderate what users ask for, and what it shows them.',
  );
}

function policyErrors(): LineVerdict {
  return passed(
    'Kling’s codes 1300 and 1301 reach the app as they came, are not sent again, and give the hold back; a task that content rules end later is failed with Kling’s message.',
  );
}
