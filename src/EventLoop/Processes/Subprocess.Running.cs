using System.Runtime.CompilerServices;
using EventLoop.Net;
using EventLoop.Net.Pipes;
using EventLoop.Processes;

namespace EventLoop;

// Start, wait, and leave nothing behind. A cancellation stops the child (StopSignal, StopGrace, then SIGKILL to its tree) and ends when it is gone.
public sealed partial class Subprocess
{
    /// <summary>Runs a command to its end. Trio: <c>run_process</c>. <b>Cancellation:</b> stops the child, and ends when it is gone.</summary>
    /// <param name="command">Streams that it does not mention are inherited from this process.</param>
    /// <param name="check">Whether anything other than exit code 0 throws.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="ArgumentException">A stream is <see cref="Stdio.Pipe"/>, which nobody would read or write.</exception>
    /// <exception cref="ProcessFailedException">The command failed, and <paramref name="check"/> is set.</exception>
    public static Coroutine<ExitStatus> RunAsync(ProcessCommand command, bool check = false)
    {
        ArgumentNullException.ThrowIfNull(command);
        RefusePipes(command, nameof(RunAsync));
        return Run(command, check);

        static async Coroutine<ExitStatus> Run(ProcessCommand command, bool check)
        {
            var child = await Start(command, isRun: true);
            try
            {
                var status = await child.WaitAsync();
                return !check || status.IsSuccess ? status : throw new ProcessFailedException(command, status, "");
            }
            finally
            {
                await child.CloseAsync();
            }
        }
    }

    /// <inheritdoc cref="RunAsync(ProcessCommand, bool)" path="/summary|/returns"/>
    /// <param name="fileName">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Coroutine<ExitStatus> RunAsync(string fileName, params IEnumerable<string> arguments) => RunAsync(new ProcessCommand(fileName, arguments));

    /// <summary>
    /// Runs a command and captures those of its outputs that it does not redirect; <see cref="Stdio.Pipe"/> for an output is the same as not mentioning it.
    /// <b>Cancellation:</b> stops the child, and ends when it is gone.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="input">What the child reads from its standard input.</param>
    /// <param name="check">Whether anything other than exit code 0 throws.</param>
    /// <param name="limit">The most bytes of each stream.</param>
    /// <returns>What the child wrote, and how it ended.</returns>
    /// <exception cref="ArgumentException">There is an input, and the command redirects its standard input.</exception>
    /// <exception cref="ProcessFailedException">The command failed, and <paramref name="check"/> is set.</exception>
    /// <exception cref="LimitOverrunException">The child wrote more than the limit, and was stopped.</exception>
    public static Coroutine<RunResult<byte[]>> RunAndCaptureAsync(ProcessCommand command, ReadOnlyMemory<byte> input = default, bool check = false,
        int limit = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return RunAndCapture(ForCapture(command, !input.IsEmpty), input, check, limit);
    }

    /// <inheritdoc cref="RunAndCaptureAsync(ProcessCommand, ReadOnlyMemory{byte}, bool, int)"/>
    public static Coroutine<RunResult<string>> RunAndCaptureTextAsync(ProcessCommand command, string? input = null, bool check = false,
        int limit = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Run(ForCapture(command, input is not null), input, check, limit);

        static async Coroutine<RunResult<string>> Run(ProcessCommand command, string? input, bool check, int limit) =>
            InText(command, await RunAndCapture(command, Encoded(command, input), check, limit));
    }

    /// <inheritdoc cref="RunAndCaptureAsync(ProcessCommand, ReadOnlyMemory{byte}, bool, int)" path="/summary|/returns"/>
    /// <param name="fileName">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Coroutine<RunResult<string>> RunAndCaptureTextAsync(string fileName, params IEnumerable<string> arguments) =>
        RunAndCaptureTextAsync(new ProcessCommand(fileName, arguments));

    /// <summary>Runs a command and returns its standard output as a text; anything other than exit code 0 throws, with the error output. Python:
    /// <c>check_output</c>. <b>Cancellation:</b> stops the child, and ends when it is gone.</summary>
    /// <param name="command">The command.</param>
    /// <param name="input">What the child reads from its standard input; null: nothing.</param>
    /// <returns>The whole output, including line ends.</returns>
    /// <exception cref="ArgumentException">The command redirects its output, or there is an input and it redirects its standard input.</exception>
    /// <exception cref="ProcessFailedException">The command failed.</exception>
    public static Coroutine<string> ReadTextAsync(ProcessCommand command, string? input = null)
    {
        ArgumentNullException.ThrowIfNull(command);
        RefuseDirected(command, nameof(ReadTextAsync));
        return Read(ForCapture(command, input is not null), input);

        static async Coroutine<string> Read(ProcessCommand command, string? input) =>
            PipeEncoding.Decode(command.Encoding, (await RunAndCapture(command, Encoded(command, input), check: true, int.MaxValue)).StandardOutput);
    }

    /// <inheritdoc cref="ReadTextAsync(ProcessCommand, string?)" path="/summary|/returns|/exception"/>
    /// <param name="fileName">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Coroutine<string> ReadTextAsync(string fileName, params IEnumerable<string> arguments) =>
        ReadTextAsync(new ProcessCommand(fileName, arguments));

    /// <summary>
    /// Runs a command and enumerates the lines of its standard output as they arrive, with back-pressure; anything other than exit code 0 throws at the end,
    /// with the last 8 KiB of the error output. Leaving the loop early, or cancelling it, stops the child and ends when it is gone.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <exception cref="ArgumentException">The command redirects its output.</exception>
    /// <exception cref="ProcessFailedException">The command failed.</exception>
    public static IAsyncEnumerable<string> ReadLinesAsync(ProcessCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        RefuseDirected(command, nameof(ReadLinesAsync));
        return ReadLines(ForCapture(command, hasInput: false));
    }

    /// <inheritdoc cref="ReadLinesAsync(ProcessCommand)" path="/summary|/exception"/>
    /// <param name="fileName">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static IAsyncEnumerable<string> ReadLinesAsync(string fileName, params IEnumerable<string> arguments) =>
        ReadLinesAsync(new ProcessCommand(fileName, arguments));

    // ---- With a running child

    /// <summary>Writes the input, closes it, reads both outputs to their ends and waits for the child's end. A child that does not read its input is not an
    /// error. asyncio: <c>communicate</c>. <b>Cancellation:</b> the child is left running.</summary>
    /// <param name="input">What the child reads from its standard input.</param>
    /// <returns>Its outputs, as far as they are <see cref="Stdio.Pipe"/>, and how it ended.</returns>
    /// <exception cref="ArgumentException">There is an input, and <see cref="Input"/> is not a pipe.</exception>
    /// <exception cref="InvalidOperationException">It was called before.</exception>
    public async Coroutine<RunResult<byte[]>> CommunicateAsync(ReadOnlyMemory<byte> input = default)
    {
        core.VerifyAccess("Subprocess.CommunicateAsync");
        if (hasCommunicated)
        {
            throw new InvalidOperationException($"CommunicateAsync of {this} was called already: it has written the input and taken the outputs. It is "
                + "called once.");
        }

        if (!input.IsEmpty && this.input is null)
        {
            throw new ArgumentException("There is no pipe for the input: start the process with Input = Stdio.Pipe.", nameof(input));
        }

        hasCommunicated = true;
        var (written, errors) = await Capture.All(this.input, input, output, error, int.MaxValue, WaitAsync);
        return new RunResult<byte[]>(status!.Value, written, errors, Id, IsCutOff);
    }

    /// <inheritdoc cref="CommunicateAsync"/>
    public async Coroutine<RunResult<string>> CommunicateTextAsync(string? input = null) => InText(Command, await CommunicateAsync(Encoded(Command, input)));

    private bool IsCutOff => output is { IsCutOff: true } || error is { IsCutOff: true };

    private static async Coroutine<RunResult<byte[]>> RunAndCapture(ProcessCommand command, ReadOnlyMemory<byte> input, bool check, int limit)
    {
        var child = await Start(command, isRun: true);
        try
        {
            var (output, error) = await Capture.All(child.input, input, child.output, child.error, limit, child.WaitAsync);
            var status = child.status!.Value;
            return !check || status.IsSuccess
                ? new RunResult<byte[]>(status, output, error, child.Id, child.IsCutOff)
                : throw new ProcessFailedException(command, status, PipeEncoding.Decode(command.Encoding, error));
        }
        finally
        {
            await child.CloseAsync();
        }
    }

    private static async IAsyncEnumerable<string> ReadLines(ProcessCommand command, [EnumeratorCancellation] CancellationToken token = default)
    {
        var child = await Start(command, isRun: true);
        LoopTask<byte[]>? errors = null;
        child.input?.Close();      // there is no input
        try
        {
            errors = child.error is { } pipe ? Loop.CreateTask(Capture.Tail(pipe, ProcessFailedException.MostKept), "error output of a process") : null;
            while (await Loop.WaitWith(child.Output.ReadLineAsync(int.MaxValue), token) is { } line)
            {
                yield return line;
            }

            var status = await Loop.WaitWith(child.WaitAsync(), token);
            if (!status.IsSuccess)
            {
                throw new ProcessFailedException(command, status, errors is null ? "" : PipeEncoding.Decode(command.Encoding, await errors));
            }
        }
        finally
        {
            errors?.Cancel();
            await child.CloseAsync();
        }
    }

    private static ProcessCommand ForCapture(ProcessCommand command, bool hasInput)
    {
        if (hasInput && command.Input is { IsSaid: true, IsPipe: false })
        {
            throw new ArgumentException($"There is an input, and the command says where else it comes from ({command.Input}). Leave ProcessCommand.Input out.",
                "input");
        }

        return command with { Input = command.Input.Or(hasInput ? Stdio.Pipe : Stdio.Null), Output = command.Output.Or(Stdio.Pipe),
            Error = command.Error.Or(Stdio.Pipe) };
    }

    private static void RefuseDirected(ProcessCommand command, string member)
    {
        if (command.Output is { IsSaid: true, IsPipe: false })
        {
            throw new ArgumentException($"{member} reads the standard output, and the command directs it elsewhere ({command.Output}). Leave "
                + "ProcessCommand.Output out, or use RunAsync.", nameof(command));
        }
    }

    private static ReadOnlyMemory<byte> Encoded(ProcessCommand command, string? text) => text is null ? default : command.Encoding.GetBytes(text);

    private static RunResult<string> InText(ProcessCommand command, RunResult<byte[]> result) => new(
        result.ExitStatus,
        PipeEncoding.Decode(command.Encoding, result.StandardOutput),
        PipeEncoding.Decode(command.Encoding, result.StandardError),
        result.ProcessId,
        result.IsCutOff);
}
