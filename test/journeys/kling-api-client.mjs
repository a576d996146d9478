// Makes a video with the `kling-api` package, in a process of its own that trusts the test's certificate.
import { KlingAPI } from 'kling-api';

const [baseUrl, accessKey, secretKey] = process.argv.slice(2);
const api = new KlingAPI({ baseUrl, accessKey, secretKey });
const task = await api.textToVideo({ prompt: 'a paper boat', model_name: 'kling-v1', duration: '5' });
const result = await api.waitForVideoResult(task.data.task_id, undefined, {
  pollInterval: 200,
  interval: 200,
});
process.stdout.write(JSON.stringify({ taskId: task.data.task_id, result: result.data }));
