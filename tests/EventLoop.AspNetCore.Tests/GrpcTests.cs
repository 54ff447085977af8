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

    /// <summary>As one that the tools make of a .proto file.</summary>
    [BindServiceMethod(typeof(CountingService), nameof(Bind))]
    internal class CountingService(Where where)
    {
        internal static readonly Method<string, string> AskIt = Of(MethodType.Unary, nameof(Ask));
        internal static readonly Method<string, string> CountIt = Of(MethodType.ServerStreaming, nameof(Count));
        internal static readonly Method<string, string> SumIt = Of(MethodType.ClientStreaming, nameof(Sum));
        internal static readonly Method<string, string> EchoIt = Of(MethodType.DuplexStreaming, nameof(Echo));

        internal static Channel<bool> GivenUp { get; } = Channel.CreateUnbounded<bool>();

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
                    GivenUp.Writer.TryWrite(true);
                }
            }

            for (int number = 0; number < int.Parse(to); number++)
            {
                await answers.WriteAsync($"{number}");
                where.Note(call.GetHttpContext(), $"answer {number}");
            }
        }

        public virtual async Task<string> Sum(IAsyncStreamReader<string> numbers, ServerCallContext call)
        {
            int sum = 0;
            while (await numbers.MoveNext())
            {
                where.Note(call.GetHttpContext(), $"question {numbers.Current}");
                sum += int.Parse(numbers.Current);
            }

            where.Note(call.GetHttpContext(), "end");
            return $"{sum}";
        }

        public virtual async Task Echo(IAsyncStreamReader<string> questions, IServerStreamWriter<string> answers, ServerCallContext call)
        {
            await foreach (string question in questions.ReadAllAsync())
            {
                where.Note(call.GetHttpContext(), $"question {question}");
                await answers.WriteAsync(question);
                where.Note(call.GetHttpContext(), $"answer {question}");
            }

            where.Note(call.GetHttpContext(), "end");
        }

        private static Method<string, string> Of(MethodType type, string name) =>
            new(type, "test.Counting", name, Marshallers.StringMarshaller, Marshallers.StringMarshaller);
    }
}
