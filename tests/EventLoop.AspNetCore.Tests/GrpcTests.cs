using System.Net;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Calls by gRPC, of all four kinds.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Where where = new();
    private Site site = null!;
    private GrpcChannel channel = null!;

    private CallInvoker Calls => channel.CreateCallInvoker();

    public async ValueTask InitializeAsync()
    {
        site = await Site.StartAsync(
            static app => app.MapGrpcService<CountingService>(),
            static options => options.CancelAbandoned = true,
            build: builder =>
            {
                builder.Services.AddGrpc();
                builder.Services.AddSingleton(where);
            },
            kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        channel = GrpcChannel.ForAddress(site.Address);
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await site.DisposeAsync();
    }

    [Fact]
    public async Task A_call_runs_on_the_loop_in_a_task_named_for_it()
    {
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(number =>
            Calls.AsyncUnaryCall(CountingService.AskIt, null, default, $"{number}").ResponseAsync)).WaitAsync(Patience);
        answers.Should().BeEquivalentTo(Enumerable.Range(0, 50).Select(static number => $"{number} in POST /test.Counting/Ask"));
        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(100);
    }

    [Fact]
    public async Task A_stream_of_answers_is_made_on_the_loop()
    {
        using var call = Calls.AsyncServerStreamingCall(CountingService.CountIt, null, default, "200");
        var answers = new List<string>();
        while (await call.ResponseStream.MoveNext().WaitAsync(Patience))
        {
            answers.Add(call.ResponseStream.Current);
        }

        answers.Should().Equal(Enumerable.Range(0, 200).Select(static number => $"{number}"));
        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(200);
    }

    [Fact]
    public async Task A_stream_of_questions_is_read_on_the_loop()
    {
        using var call = Calls.AsyncClientStreamingCall(CountingService.SumIt, null, default);
        for (int number = 1; number <= 100; number++)
        {
            await call.RequestStream.WriteAsync($"{number}").WaitAsync(Patience);
        }

        await call.RequestStream.CompleteAsync().WaitAsync(Patience);
        (await call.ResponseAsync.WaitAsync(Patience)).Should().Be("5050");
        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(101);
    }

    [Fact]
    public async Task Questions_and_answers_take_turns_on_the_loop()
    {
        using var call = Calls.AsyncDuplexStreamingCall(CountingService.EchoIt, null, default);
        for (int number = 0; number < 100; number++)
        {
            await call.RequestStream.WriteAsync($"{number}").WaitAsync(Patience);
            (await call.ResponseStream.MoveNext().WaitAsync(Patience)).Should().BeTrue();
            call.ResponseStream.Current.Should().Be($"{number}");
        }

        await call.RequestStream.CompleteAsync().WaitAsync(Patience);
        (await call.ResponseStream.MoveNext().WaitAsync(Patience)).Should().BeFalse();
        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(201);
    }

    [Fact]
    public async Task A_failure_has_its_status_and_a_call_that_is_given_up_or_late_ends_its_handler()
    {
        var failing = async () => await Calls.AsyncUnaryCall(CountingService.AskIt, null, default, "fail").ResponseAsync.WaitAsync(Patience);
        (await failing.Should().ThrowAsync<RpcException>()).Which.Status.Should().Be(new Status(StatusCode.NotFound, "nobody"));

        using (var call = Calls.AsyncServerStreamingCall(CountingService.CountIt, null, default, "for ever"))
        {
            (await call.ResponseStream.MoveNext().WaitAsync(Patience)).Should().BeTrue();
        }

        await CountingService.GivenUp.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        var late = async () => await Calls.AsyncUnaryCall(
            CountingService.AskIt, null, new CallOptions(deadline: DateTime.UtcNow.AddMilliseconds(200)), "for ever").ResponseAsync.WaitAsync(Patience);
        (await late.Should().ThrowAsync<RpcException>()).Which.StatusCode.Should().Be(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task A_stream_to_a_slow_client_waits_for_him_and_ends_with_its_trailers()
    {
        using var call = Calls.AsyncServerStreamingCall(CountingService.CountIt, null, new CallOptions(new Metadata { { "size", "20000" } }), "400");
        (await call.ResponseStream.MoveNext().WaitAsync(Patience)).Should().BeTrue();
        int written = -1;
        while (written != CountingService.Written)      // until he is waited for
        {
            written = CountingService.Written;
            await Task.Delay(200);
        }

        written.Should().BeLessThan(399, "eight megabytes are more than what is under way");
        int count = 1;
        while (await call.ResponseStream.MoveNext().WaitAsync(Patience))
        {
            call.ResponseStream.Current.Should().StartWith($"{count++} ");
        }

        count.Should().Be(400);
        call.GetStatus().Should().Be(new Status(StatusCode.OK, ""));
        call.GetTrailers().GetValue("answers").Should().Be("400");
        where.Wrong.Distinct().Should().BeEmpty();
    }

    [Fact]
    public async Task A_stream_of_questions_that_is_given_up_ends_its_handler()
    {
        var call = Calls.AsyncClientStreamingCall(CountingService.SumIt, null, default);
        for (int number = 1; number <= 10; number++)
        {
            await call.RequestStream.WriteAsync($"{number}").WaitAsync(Patience);
        }

        call.Dispose();
        (await CountingService.GivenUp.Reader.ReadAsync().AsTask().WaitAsync(Patience)).Should().BeTrue("the handler's code after its wait runs on the loop");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Questions_and_answers_beyond_their_deadline_end_on_both_sides()
    {
        using var call = Calls.AsyncDuplexStreamingCall(CountingService.EchoIt, null, new CallOptions(deadline: DateTime.UtcNow.AddMilliseconds(500)));
        var talk = async () =>
        {
            while (true)
            {
                await call.RequestStream.WriteAsync("again").WaitAsync(Patience);
                (await call.ResponseStream.MoveNext().WaitAsync(Patience)).Should().BeTrue();
            }
        };
        (await talk.Should().ThrowAsync<RpcException>()).Which.StatusCode.Should().Be(StatusCode.DeadlineExceeded);
        (await CountingService.GivenUp.Reader.ReadAsync().AsTask().WaitAsync(Patience)).Should().BeTrue("the handler's code after its wait runs on the loop");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Large_messages_arrive_whole_and_too_large_ones_have_their_status()
    {
        string large = new('x', 3_900_000);
        using var call = Calls.AsyncDuplexStreamingCall(CountingService.EchoIt, null, default);
        for (int i = 0; i < 3; i++)
        {
            await call.RequestStream.WriteAsync(large).WaitAsync(Patience);
            (await call.ResponseStream.MoveNext().WaitAsync(Patience)).Should().BeTrue();
            call.ResponseStream.Current.Should().Be(large);
        }

        await call.RequestStream.CompleteAsync().WaitAsync(Patience);
        (await call.ResponseStream.MoveNext().WaitAsync(Patience)).Should().BeFalse();
        var refused = async () => await Calls.AsyncUnaryCall(CountingService.AskIt, null, default, large + large).ResponseAsync.WaitAsync(Patience);
        (await refused.Should().ThrowAsync<RpcException>()).Which.StatusCode.Should().Be(StatusCode.ResourceExhausted);
        where.Wrong.Distinct().Should().BeEmpty();
    }

    [Fact]
    public async Task A_failure_in_the_middle_of_a_stream_has_its_status_and_trailers()
    {
        using var call = Calls.AsyncServerStreamingCall(CountingService.CountIt, null, default, "fail");
        (await call.ResponseStream.MoveNext().WaitAsync(Patience)).Should().BeTrue();
        var more = async () => await call.ResponseStream.MoveNext().WaitAsync(Patience);
        (await more.Should().ThrowAsync<RpcException>()).Which.Status.Should().Be(new Status(StatusCode.DataLoss, "torn"));
        call.GetTrailers().GetValue("at").Should().Be("1");
        await NothingIsLeftAsync();
    }

    private async Task NothingIsLeftAsync()
    {
        await FeatureTests.UntilAsync(static () => CountingService.Home!.Statistics.TaskCount <= 3);
        site.Log.At(Microsoft.Extensions.Logging.LogLevel.Critical).Should().BeEmpty();
    }

    /// <summary>As one that the tools make of a .proto file.</summary>
    [BindServiceMethod(typeof(CountingService), nameof(Bind))]
    internal class CountingService(Where where)
    {
        internal static readonly Method<string, string> AskIt = Of(MethodType.Unary, nameof(Ask));
        internal static readonly Method<string, string> CountIt = Of(MethodType.ServerStreaming, nameof(Count));
        internal static readonly Method<string, string> SumIt = Of(MethodType.ClientStreaming, nameof(Sum));
        internal static readonly Method<string, string> EchoIt = Of(MethodType.DuplexStreaming, nameof(Echo));

        /// <summary>For each call that was given up: whether its handler noticed it on the loop.</summary>
        internal static Channel<bool> GivenUp { get; } = Channel.CreateUnbounded<bool>();

        internal static Loop? Home { get; private set; }

        /// <summary>How many answers of the stream have been written.</summary>
        internal static int Written { get; private set; }

        public static void Bind(ServiceBinderBase binder, CountingService? service)
        {
            binder.AddMethod(AskIt, service is null ? null! : service.Ask);
            binder.AddMethod(CountIt, service is null ? null! : service.Count);
            binder.AddMethod(SumIt, service is null ? null! : service.Sum);
            binder.AddMethod(EchoIt, service is null ? null! : service.Echo);
        }

        public virtual async Task<string> Ask(string question, ServerCallContext call)
        {
            where.Note(call.GetHttpContext(), "asked");
            if (question == "fail")
            {
                throw new RpcException(new Status(StatusCode.NotFound, "nobody"));
            }

            await Task.Delay(question == "for ever" ? Timeout.Infinite : 1, call.CancellationToken);
            where.Note(call.GetHttpContext(), "waited");
            return $"{question} in {Loop.CurrentTask!.Name}";
        }

        public virtual async Task Count(string to, IServerStreamWriter<string> answers, ServerCallContext call)
        {
            if (to == "for ever")
            {
                try
                {
                    await answers.WriteAsync("0");
                    await Loop.Current.CreateFuture();
                }
                finally
                {
                    NoteGivenUp();
                }
            }

            Home = Loop.Current;
            if (to == "fail")
            {
                await answers.WriteAsync("0");
                throw new RpcException(new Status(StatusCode.DataLoss, "torn"), new Metadata { { "at", "1" } });
            }

            int size = int.Parse(call.RequestHeaders.GetValue("size") ?? "0");
            for (int number = 0; number < int.Parse(to); number++)
            {
                await answers.WriteAsync(size == 0 ? $"{number}" : $"{number} {new string('x', size)}");
                Written = number;
                where.Note(call.GetHttpContext(), $"answer {number}");
            }

            call.ResponseTrailers.Add("answers", to);
        }

        public virtual async Task<string> Sum(IAsyncStreamReader<string> numbers, ServerCallContext call)
        {
            Home = Loop.Current;
            int sum = 0;
            try
            {
                while (await numbers.MoveNext())
                {
                    where.Note(call.GetHttpContext(), $"question {numbers.Current}");
                    sum += int.Parse(numbers.Current);
                }
            }
            catch
            {
                NoteGivenUp();
                throw;
            }

            where.Note(call.GetHttpContext(), "end");
            return $"{sum}";
        }

        public virtual async Task Echo(IAsyncStreamReader<string> questions, IServerStreamWriter<string> answers, ServerCallContext call)
        {
            Home = Loop.Current;
            try
            {
                await foreach (string question in questions.ReadAllAsync())
                {
                    where.Note(call.GetHttpContext(), "question");
                    await answers.WriteAsync(question);
                    where.Note(call.GetHttpContext(), "answer");
                }
            }
            catch
            {
                NoteGivenUp();
                throw;
            }

            where.Note(call.GetHttpContext(), "end");
        }

        private static void NoteGivenUp() => GivenUp.Writer.TryWrite(Loop.TryGetCurrent(out _) && Loop.CurrentTask is not null);

        private static Method<string, string> Of(MethodType type, string name) =>
            new(type, "test.Counting", name, Marshallers.StringMarshaller, Marshallers.StringMarshaller);
    }
}
