using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace EventLoop.Samples.Tests;

/// <summary>The examples in the documentation of the public members are code that compiles.</summary>
public sealed class DocumentedCodeTests
{
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using EventLoop;
        global using EventLoop.IO;
        global using EventLoop.Net;
        global using EventLoop.Synchronization;
        """;

    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    public static TheoryData<string> Members => [.. Examples.Keys];

    private static readonly Dictionary<string, string> Examples = ReadExamples();

    [Theory]
    [MemberData(nameof(Members))]
    public void The_example_of_a_member_compiles(string member) => Compile(Examples[member]).Should().BeEmpty(Examples[member]);

    [Fact]
    public void The_members_that_users_meet_first_have_an_example() => Examples.Should().HaveCountGreaterThanOrEqualTo(20);

    [Fact]
    public void Code_that_does_not_compile_is_noticed() => Compile("int x = \"text\";").Should().NotBeEmpty();

    private static Dictionary<string, string> ReadExamples()
    {
        string path = Path.ChangeExtension(typeof(Loop).Assembly.Location, ".xml");
        return XDocument.Load(path).Descendants("member")
            .Where(static member => member.Element("example") is not null)
            .ToDictionary(static member => (string)member.Attribute("name")!, static member => member.Element("example")!.Element("code")!.Value);
    }

    private static IEnumerable<string> Compile(string code)
    {
        string source = $$"""
            static class Example
            {
                static async Coroutine Body()
                {
                    {{code}}
                }
            }
            """;
        var compilation = CSharpCompilation.Create(
            "Example",
            [CSharpSyntaxTree.ParseText(Usings), CSharpSyntaxTree.ParseText(source)],
            References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        return compilation.GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error).Select(static one => one.ToString());
    }
}
