using System.IO.Pipes;
using System.Text;
using EventLoop.Net;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tests.Processes;

public sealed class PipeTests : ProcessTest
{
    private static (ReceivePipe Receive, SendPipe Send) Pair()
    {
        using var server = new AnonymousPipeServerStream(PipeDirection.In);
        var writing = new SafeFileHandle(Take(server.ClientSafePipeHandle), ownsHandle: true);
        var reading = new SafeFileHandle(Take(server.SafePipeHandle), ownsHandle: true);
        return (new ReceivePipe(reading), new SendPipe(writing));

        static nint Take(SafePipeHandle handle)
        {
            nint number = handle.DangerousGetHandle();
            handle.SetHandleAsInvalid();
            return number;
        }
    }

    [Fact]
    public void What_is_written_is_read_and_completing_is_the_end() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        (await send.WriteAsync("one\ntwo\r\nthree")).Should().Be(14);
        await send.CompleteAsync();
        (await receive.ReadLineAsync()).Should().Be("one");
        (await receive.ReadLineAsync()).Should().Be("two");
        (await receive.ReadLineAsync()).Should().Be("three");
        (await receive.ReadLineAsync()).Should().BeNull();
        (await receive.ReadAsync(new byte[1])).Should().Be(0);
        receive.IsCutOff.Should().BeFalse();
        await receive.DisposeAsync();
    });

    [Fact]
    public void A_writer_waits_for_a_slow_reader_and_nothing_is_lost() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        var sent = new byte[1 << 20];
        new Random(1).NextBytes(sent);
        var writing = Loop.CreateTask(async Coroutine () =>
        {
            await send.WriteAsync(sent);
            await send.CompleteAsync();
        });
        await Yields(5);
        writing.IsCompleted.Should().BeFalse();
        (await receive.ReadToEndAsync()).Should().Equal(sent);
        await writing;
        await receive.DisposeAsync();
    });

    [Fact]
    public void A_reader_that_is_gone_is_a_broken_pipe() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        await receive.DisposeAsync();
        (await Catch(async Coroutine () => await send.WriteAsync("x"))).Should().BeOfType<IOException>().Which.Message.Should().Contain("broken pipe");
        await send.DisposeAsync();
    });

    [Fact]
    public void A_reader_that_goes_while_a_write_waits_breaks_it() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        var writing = Loop.CreateTask(async Coroutine () => await send.WriteAsync(new byte[1 << 20]));
        await Yields(3);
        await receive.DisposeAsync();
        (await Catch(writing)).Should().BeOfType<IOException>();
        await send.DisposeAsync();
    });

    [Fact]
    public void A_cancelled_read_has_consumed_nothing() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        var reading = Loop.CreateTask(async Coroutine () => await receive.ReadLineAsync());
        await send.WriteAsync("half of");
        await Loop.Sleep(TimeSpan.FromMilliseconds(5));
        reading.Cancel();
        (await Catch(reading)).Should().BeOfType<LoopCanceledException>();
        await send.WriteAsync(" a line\n");
        (await receive.ReadLineAsync()).Should().Be("half of a line");
        await send.DisposeAsync();
        await receive.DisposeAsync();
    });

    [Fact]
    public void It_is_a_PipeReader_and_a_PipeWriter_and_a_stream() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        Encoding.UTF8.GetBytes("by a writer", send.Writer);
        await send.Writer.FlushAsync();
        var result = await receive.Reader.ReadAsync();
        Encoding.UTF8.GetString(result.Buffer).Should().Be("by a writer");
        receive.Reader.AdvanceTo(result.Buffer.End);
        var (reading, writing) = (receive.AsStream(), send.AsStream());
        (reading.CanRead, reading.CanWrite, writing.CanRead, writing.CanWrite).Should().Be((true, false, false, true));
        await Task.Run(async () => await writing.WriteAsync("by a stream"u8.ToArray()));
        var buffer = new byte[11];
        await reading.ReadExactlyAsync(buffer);
        Encoding.UTF8.GetString(buffer).Should().Be("by a stream");
        send.Writer.Complete();
        (await receive.Reader.ReadAsync()).IsCompleted.Should().BeTrue();
        await receive.DisposeAsync();
    });

    [Fact]
    public void Disposing_sends_what_is_left_first() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        send.Writer.GetSpan(200_000)[..200_000].Fill(7);
        send.Writer.Advance(200_000);
        var closing = send.DisposeAsync();
        (await receive.ReadToEndAsync()).Should().HaveCount(200_000);
        await closing;
        await receive.DisposeAsync();
    });

    [Fact]
    public void The_token_of_an_enumeration_of_lines_ends_it_while_it_waits_and_the_pipe_can_be_read_afterwards() => RunProcesses(async () =>
    {
        using var source = new CancellationTokenSource();
        await using var child = await Subprocess.StartAsync(new ProcessCommand("cat") { Input = Stdio.Pipe, Output = Stdio.Pipe });
        await child.Input.WriteAsync("one\n");
        var canceled = await Catch(Loop.CreateTask(async Coroutine () =>
        {
            await foreach (string _ in child.Output.ReadLinesAsync().WithCancellation(source.Token))
            {
                source.Cancel();
            }
        }));
        canceled.Should().BeAssignableTo<OperationCanceledException>();
        await child.Input.WriteAsync("two\n");
        (await child.Output.ReadLineAsync()).Should().Be("two");
    });

    [Fact]
    public void A_line_longer_than_the_limit_is_refused_and_not_consumed() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        await send.WriteAsync(new string('x', 100) + "\n");
        (await Catch(async Coroutine () => await receive.ReadLineAsync(10))).Should().BeOfType<LimitOverrunException>();
        (await receive.ReadLineAsync(100)).Should().HaveLength(100);
        await send.DisposeAsync();
        await receive.DisposeAsync();
    });

    [Fact]
    public void A_wait_on_a_pipe_whose_handle_somebody_disposes_ends_with_an_ObjectDisposedException() => RunProcesses(async () =>
    {
        using var server = new AnonymousPipeServerStream(PipeDirection.Out);
        nint number = server.ClientSafePipeHandle.DangerousGetHandle();
        var handle = new SafeFileHandle(number, ownsHandle: false);
        var receive = new ReceivePipe(handle);
        var reading = Loop.CreateTask(receive.ReadAsync(new byte[1]));
        await Yields(3);
        handle.Dispose();
        (await Catch(reading)).Should().BeOfType<ObjectDisposedException>().Which.Message.Should().Contain("disposed by somebody else");
        await receive.DisposeAsync();
    });

    [Fact]
    public void A_regular_file_is_refused() => RunProcesses(async () =>
    {
        await Yields(1);
        string path = Path.GetTempFileName();
        using var file = File.OpenHandle(path);
        var open = () => new ReceivePipe(file);
        open.Should().Throw<IOException>().WithMessage("*cannot be polled*");
        File.Delete(path);
    });

    [Fact]
    public void Lines_are_read_to_the_end() => RunProcesses(async () =>
    {
        var (receive, send) = Pair();
        await send.WriteAsync("a\nb\nc\n");
        await send.CompleteAsync();
        await foreach (string line in receive.ReadLinesAsync())
        {
            Log.Add(line);
        }

        Log.Should().Equal("a", "b", "c");
        await receive.DisposeAsync();
    });

    private static async Coroutine<Exception?> Catch(Func<Coroutine> body) => await Catch(body());
}
