using System.Diagnostics;
using System.Globalization;

namespace EventLoop.Tool.Tests;

/// <summary>The page of <c>eventloop web</c> in a browser.</summary>
public sealed class PageTests
{
    private sealed class ServedPage : IDisposable
    {
        private readonly TargetProcess? target;
        private readonly Process tool;

        private ServedPage(TargetProcess? target, string what)
        {
            this.target = target;
            tool = Process.Start(Programs.Start("EventLoop.Tool", ["web", what, "--timeout", "100s"]))!;
            Link = (tool.StandardOutput.ReadLine() ?? "").Split(' ')[0];
            Link.Should().StartWith("http://127.0.0.1:");
        }

        internal string Link { get; }

        internal static ServedPage Of(string mode)
        {
            var target = TargetProcess.Run(mode);
            return new ServedPage(target, target.Id.ToString(CultureInfo.InvariantCulture));
        }

        internal static ServedPage OfFile(string path) => new(null, path);

        internal void KillTarget() => target!.Kill();

        public void Dispose()
        {
            tool.Kill();
            tool.Dispose();
            target?.Dispose();
        }
    }

    private static void NeedsABrowser() => Assert.SkipUnless(Chromium.Program is not null, "There is no Chromium on this machine.");

    private static string Text(string selector) => $"document.querySelector('{selector}').innerText";

    [Fact]
    public async Task Names_are_shown_as_text_each_view_has_its_key_and_nothing_is_asked_of_anybody_else()
    {
        NeedsABrowser();
        using var page = ServedPage.Of("names");
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(page.Link, 1200, 800);

        await browser.UntilAsync("document.body.innerText.includes('<img src=x onerror=alert(1)>')");
        (await browser.AskAsync<int>("document.querySelectorAll('img, markup').length")).Should().Be(0);
        await browser.ShootAsync("tasks-light");
        (await browser.AskAsync<string>("document.body.innerText")).Should().NotContain("\u202e").And.NotContain("\u001b");
        string[] views = ["tasks", "tree", "time", "recording", "stalls", "problems"];
        for (int i = 0; i < views.Length; i++)
        {
            await browser.PressAsync((i + 1).ToString(CultureInfo.InvariantCulture));
            await browser.UntilAsync($"document.querySelector('[aria-selected=true]').dataset.view === '{views[i]}'");
        }

        await browser.AskAsync<bool>("(document.querySelector('[data-view=problems]').focus(), true)");
        await browser.PressAsync("ArrowLeft");
        await browser.UntilAsync("document.activeElement.dataset.view === 'stalls' && location.hash === '#stalls'");
        await browser.UntilAsync($"{Text("#view")}.includes('No step has stood still') || document.querySelector('#view table')");
        browser.Requests.Should().NotBeEmpty().And.OnlyContain(static url => url.StartsWith("http://127.0.0.1:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_recording_is_made_on_the_page_and_looked_at_closer_by_the_keyboard_also_on_a_phone_in_the_dark()
    {
        NeedsABrowser();
        using var page = ServedPage.Of("busy");
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(page.Link + "#recording", 390, 800, dark: true);
        await browser.UntilAsync("document.querySelector('#record')");

        // Once more where a crowded machine gave the program no time meanwhile.
        const string button = "document.querySelector('#record')";
        await browser.UntilAsync($"document.querySelectorAll('.track').length >= 2 || ({button}.disabled || {button}.click(), false)");
        (await browser.AskAsync<string>(Text("#note"))).Should().MatchRegex("[0-9]{2,} records of [0-9]+ tracks");
        (await browser.AskAsync<string>(Text("#rows"))).Should().Contain("busy #1");
        (await browser.AskAsync<int>("document.querySelectorAll('#view table tbody tr').length")).Should().BePositive("the longest steps are listed");
        await browser.ShootAsync("recording-phone-dark");
        (await browser.AskAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(390, "a phone scrolls in one direction");

        await browser.AskAsync<bool>("(document.querySelector('#rows').focus(), true)");
        await browser.PressAsync("+");
        await browser.UntilAsync($"{Text("#note")}.includes(' of ') && {Text("#note")}.includes(', from ')");
        await browser.PressAsync("0");
        await browser.UntilAsync($"!{Text("#note")}.includes(', from ')");
        (await browser.AskAsync<string>("getComputedStyle(document.body).backgroundColor")).Should().Be("rgb(20, 23, 26)");
        foreach (string view in new[] { "tasks", "time", "stalls", "problems" })
        {
            await browser.ClickAsync($"[data-view={view}]");
            await browser.UntilAsync($"document.querySelector('[aria-selected=true]').dataset.view === '{view}'");
            (await browser.AskAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(390, $"a phone scrolls in one direction ({view})");
        }
    }

    [Fact]
    public async Task A_loop_that_stands_still_is_named_among_the_stalls_while_it_does()
    {
        NeedsABrowser();
        using var page = ServedPage.Of("spin");
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(page.Link + "#stalls", 1200, 800);

        await browser.UntilAsync($"{Text("#view")}.includes('still:')");

        (await browser.AskAsync<string>(Text("#view"))).Should().Contain("task 'spinner' #1");
        (await browser.AskAsync<string>(Text("#head"))).Should().Contain("in one step of task 'spinner'");
        await browser.ShootAsync("stalls-light");
    }

    [Fact]
    public async Task A_page_says_that_its_process_has_ended_and_goes_on_to_show_what_it_saw_last()
    {
        NeedsABrowser();
        using var page = ServedPage.Of("spin");
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(page.Link, 1200, 800);
        await browser.UntilAsync($"{Text("#view")}.includes('spinner')");

        page.KillTarget();

        await browser.UntilAsync($"{Text("#head")}.includes('process has ended')");
        await browser.PressAsync("2");
        await browser.UntilAsync("document.querySelector('[aria-selected=true]').dataset.view === 'tree'");
        (await browser.AskAsync<string>(Text("#view"))).Should().Contain("spinner");
        (await browser.AskAsync<string>(Text("#head"))).Should().Contain("process has ended");
    }

    [Fact]
    public async Task Of_several_loops_each_keeps_its_own_recording()
    {
        NeedsABrowser();
        using var page = ServedPage.Of("forever");
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(page.Link + "#recording", 1200, 800);
        await browser.UntilAsync($"{Text("#note")}.startsWith('Nothing is recorded yet')");
        await browser.ClickAsync("#record");
        await browser.UntilAsync($"{Text("#note")}.includes(' records of ') || {Text("#note")}.includes('did nothing')");
        string note = await browser.AskAsync<string>(Text("#note"));

        await browser.AskAsync<bool>("(document.querySelector('#loop').value = '2', document.querySelector('#loop').dispatchEvent(new Event('change')))");
        await browser.UntilAsync($"{Text("#note")}.startsWith('Nothing is recorded yet')");
        await browser.AskAsync<bool>("(document.querySelector('#loop').value = '1', document.querySelector('#loop').dispatchEvent(new Event('change')))");
        await browser.UntilAsync($"{Text("#note")} === '{note}'");
    }

    [Fact]
    public async Task A_recording_that_the_tool_has_written_is_shown_as_a_timeline()
    {
        NeedsABrowser();
        string folder = Directory.CreateTempSubdirectory("eventloop-page-").FullName;
        try
        {
            string file = Path.Combine(folder, "slow.elrec");
            using (var target = TargetProcess.Run("busy"))
            {
                ToolRun.Run("record", target.Id.ToString(CultureInfo.InvariantCulture), "--for", "2s", "-o", file, "--timeout", "60").ExitCode.Should().Be(0);
            }

            using var page = ServedPage.OfFile(file);
            await using var browser = await Chromium.StartAsync();
            await browser.OpenAsync(page.Link, 1200, 800);
            await browser.UntilAsync("document.querySelectorAll('.track').length >= 2");
            (await browser.AskAsync<string>(Text("h1"))).Should().Be("slow.elrec");
            (await browser.AskAsync<string>(Text("#note"))).Should().MatchRegex("[0-9]{2,} records of [0-9]+ tracks");
            (await browser.AskAsync<string>(Text("#rows"))).Should().Contain("busy #1");
            (await browser.AskAsync<int>("document.querySelectorAll('[data-view]:not([hidden])').length")).Should().Be(1, "a recording is all that there is");
            (await browser.AskAsync<bool>("document.querySelector('#record').hidden")).Should().BeTrue("a file cannot be recorded");
            await browser.ShootAsync("file-light");

            await browser.AskAsync<bool>("(document.querySelector('#rows').focus(), true)");
            await browser.PressAsync("+");
            await browser.UntilAsync($"{Text("#note")}.includes(' of ') && {Text("#note")}.includes(', from ')");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_dump_is_shown_with_its_tasks_and_its_recording()
    {
        NeedsABrowser();
        string folder = Directory.CreateTempSubdirectory("eventloop-page-").FullName;
        try
        {
            string file = Path.Combine(folder, "hung.eldump");
            Loop.Run(async () =>
            {
                Loop.Current.Diagnostics.Recorder.Start();
                var task = Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)), "<b>sleeper</b>");
                await Loop.Yield();
                await using (var to = File.Create(file))
                {
                    Loop.Current.Diagnostics.Dump(to);
                }

                task.Cancel();
            });
            using var page = ServedPage.OfFile(file);
            await using var browser = await Chromium.StartAsync();
            await browser.OpenAsync(page.Link, 1200, 800);
            await browser.UntilAsync($"{Text("#view")}.includes('<b>sleeper</b>')");
            await browser.PressAsync("3");
            await browser.PressAsync("4");
            await browser.UntilAsync("document.querySelector('[aria-selected=true]').dataset.view === 'recording'");
            await browser.UntilAsync($"{Text("#view")}.includes('<b>sleeper</b> #')");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_live_timeline_shows_how_late_the_loop_is()
    {
        NeedsABrowser();
        using var page = ServedPage.Of("busy");
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(page.Link + "#time", 1200, 800);
        await browser.UntilAsync($"/delay[^\\n]*: [0-9.]+ (µs|ms|s) /.test({Text("#view")})");
        await browser.UntilAsync($"/, delay [0-9.]+ (µs|ms|s)/.test({Text("#head")})");
        await browser.ShootAsync("timeline-light");
    }

    [Fact]
    public async Task Where_not_every_task_is_listed_tasks_and_tree_say_so()
    {
        NeedsABrowser();
        using var page = ServedPage.Of("many");
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(page.Link, 1200, 800);
        await browser.UntilAsync($"{Text("#view")}.includes('500 of 100001 tasks are listed one by one')");
        await browser.PressAsync("2");
        await browser.UntilAsync("document.querySelector('[aria-selected=true]').dataset.view === 'tree'");
        (await browser.AskAsync<string>(Text("#view"))).Should().Contain("500 of 100001 tasks").And.Contain("--filter");
        await browser.AskAsync<bool>("(document.querySelector('#filter').value = 'x', document.querySelector('#filter').dispatchEvent(new Event('input')))");
        await browser.UntilAsync($"{Text("#view")}.includes('the filter looks only at them')");

        // As --all makes it, without the minute that this would take here.
        const string some = "Array.from({ length: 200000 }, (_, i) => "
            + "({ id: i, name: 'n', status: 'Waiting', inStatus: i, waits: [], stack: [], scopes: [], createdBy: null }))";
        (await browser.AskAsync<int>($"(filter = '', tasks({{ tasks: {some}, taskCount: 200000, bunches: [] }}).length)")).Should().BePositive();
        (await browser.AskAsync<string>($"tree({{ tasks: {some}, taskCount: 200000 }}).at(-1).textContent")).Should().Contain("its first 5000 lines");
    }
}
