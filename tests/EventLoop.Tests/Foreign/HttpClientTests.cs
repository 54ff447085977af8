using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EventLoop.Tests.Foreign;

public sealed class HttpClientTests : LoopTest
{
    [Fact]
    public void A_coroutine_gets_a_page_and_stays_on_its_loop() => RunLoop(async () =>
    {
        using var server = new PageServer();
        using var client = new HttpClient();
        int thread = Environment.CurrentManagedThreadId;

        string page = await client.GetStringAsync(server.Address("/hello"));

        page.Should().Be("page /hello");
        Environment.CurrentManagedThreadId.Should().Be(thread);
    });

    [Fact]
    public void Many_pages_are_fetched_concurrently_by_tasks() => RunLoop(async () =>
    {
        using var server = new PageServer();
        using var client = new HttpClient();

        string[] pages = await Loop.Gather(Enumerable.Range(0, 20).Select(n => Fetch(client, server.Address($"/{n}"))));

        pages.Should().Equal(Enumerable.Range(0, 20).Select(static n => $"page /{n}"));

        static async Coroutine<string> Fetch(HttpClient client, Uri address) => await client.GetStringAsync(address);
    });

    [Fact]
    public void A_request_that_takes_the_token_is_interrupted_by_Cancel() => RunLoop(async () =>
    {
        using var server = new PageServer(answers: false);
        using var client = new HttpClient();
        LoopTask request = Loop.CreateTask(async () => await client.GetStringAsync(server.Address("/"), Loop.CancellationToken));
        await Loop.Yield();
        request.Cancel();

        (await Catch(request)).Should().BeAssignableTo<OperationCanceledException>();
        request.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void A_timeout_of_HttpClient_itself_is_a_failure_and_no_cancellation() => RunLoop(async () =>
    {
        using var server = new PageServer(answers: false);
        using var client = new HttpClient { Timeout = TimeSpan.FromMilliseconds(5) };
        LoopTask request = Loop.CreateTask(async () => await client.GetStringAsync(server.Address("/")));

        (await Catch(request)).Should().BeAssignableTo<OperationCanceledException>();
        request.IsFaulted.Should().BeTrue();
        request.IsCanceled.Should().BeFalse();
    });

    [Fact]
    public void A_refused_connection_is_an_exception_in_the_coroutine() => RunLoop(async () =>
    {
        Uri nobody;
        using (var server = new PageServer())
        {
            nobody = server.Address("/");
        }

        using var client = new HttpClient();
        Func<Coroutine> request = async () => await client.GetStringAsync(nobody);

        (await Catch(request())).Should().BeOfType<HttpRequestException>();
    });

    /// <summary>As little HTTP as HttpClient accepts, on 127.0.0.1, on the thread pool.</summary>
    private sealed class PageServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly bool _answers;

        public PageServer(bool answers = true)
        {
            _answers = answers;
            _listener.Start();
            _ = Task.Run(AcceptAsync);
        }

        public Uri Address(string path) => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}{path}");

        public void Dispose() => _listener.Stop();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    TcpClient client = await _listener.AcceptTcpClientAsync().ConfigureAwait(false);
                    _ = AnswerAsync(client);
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // The server was stopped.
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            using (client)
            {
                using var reader = new StreamReader(client.GetStream());
                string request = await reader.ReadLineAsync().ConfigureAwait(false) ?? "";
                while (!string.IsNullOrEmpty(await reader.ReadLineAsync().ConfigureAwait(false)))
                {
                    // The headers do not matter here.
                }

                if (!_answers)
                {
                    await reader.ReadLineAsync().ConfigureAwait(false);
                    return;
                }

                string page = $"page {request.Split(' ')[1]}";
                byte[] answer = Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {page.Length}\r\nConnection: close\r\n\r\n{page}");
                await client.GetStream().WriteAsync(answer).ConfigureAwait(false);
            }
        }
    }
}
