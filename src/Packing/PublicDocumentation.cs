#:property PublishAot=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false

// A step of packing: removes from a documentation file what describes types and members that users of the assembly cannot see. dotnet run
// PublicDocumentation.cs -- ASSEMBLY DOCUMENTATION OUTPUT
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

PublicDocumentation.Keep(args[0], args[1], args[2]);

internal static class PublicDocumentation
{
    internal static void Keep(string assembly, string documentation, string output)
    {
        var visible = new HashSet<string>();
        using (var file = new PEReader(File.OpenRead(assembly)))
        {
            var reader = file.GetMetadataReader();
            foreach (var handle in reader.TypeDefinitions)
            {
                if (IsVisible(reader, handle))
                {
                    AddMembers(reader, handle, visible);
                }
            }
        }

        var document = XDocument.Load(documentation);
        var all = document.Descendants("member").ToList();
        var hidden = all.Where(member => !visible.Contains(NameOf((string)member.Attribute("name")!))).ToList();
        hidden.ForEach(member => member.Remove());
        document.Save(output);
        Console.WriteLine($"{Path.GetFileName(output)}: {all.Count - hidden.Count} of {all.Count} entries are of public members");
    }

    // "M:Space.Type.Member``1(System.Int32)~..." without its kind, its parameters and its own type parameters.
    private static string NameOf(string id)
    {
        string name = id.Substring(2).Split('(', '~')[0];
        int generic = name.IndexOf("``", StringComparison.Ordinal);
        return generic < 0 ? name : name.Substring(0, generic);
    }

    private static void AddMembers(MetadataReader reader, TypeDefinitionHandle handle, HashSet<string> visible)
    {
        var type = reader.GetTypeDefinition(handle);
        string name = FullName(reader, handle);
        visible.Add(name);
        foreach (var method in type.GetMethods().Select(reader.GetMethodDefinition).Where(IsVisible))
        {
            visible.Add(name + "." + reader.GetString(method.Name).Replace('.', '#'));
        }

        foreach (var field in type.GetFields().Select(reader.GetFieldDefinition).Where(field =>
            IsVisible((int)(field.Attributes & FieldAttributes.FieldAccessMask))))
        {
            visible.Add(name + "." + reader.GetString(field.Name));
        }

        foreach (var property in type.GetProperties().Select(reader.GetPropertyDefinition))
        {
            var accessors = property.GetAccessors();
            if (new[] { accessors.Getter, accessors.Setter }.Any(accessor => !accessor.IsNil && IsVisible(reader.GetMethodDefinition(accessor))))
            {
                visible.Add(name + "." + reader.GetString(property.Name).Replace('.', '#'));
            }
        }

        foreach (var happening in type.GetEvents().Select(reader.GetEventDefinition).Where(one =>
            IsVisible(reader.GetMethodDefinition(one.GetAccessors().Adder))))
        {
            visible.Add(name + "." + reader.GetString(happening.Name));
        }
    }

    private static bool IsVisible(MethodDefinition method) => IsVisible((int)(method.Attributes & MethodAttributes.MemberAccessMask));

    // The masks of fields and methods have the same values.
    private static bool IsVisible(int access) =>
        access == (int)MethodAttributes.Public || access == (int)MethodAttributes.Family || access == (int)MethodAttributes.FamORAssem;

    private static bool IsVisible(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var access = type.Attributes & TypeAttributes.VisibilityMask;
        return access == TypeAttributes.Public
            || ((access == TypeAttributes.NestedPublic || access == TypeAttributes.NestedFamily || access == TypeAttributes.NestedFamORAssem)
                && IsVisible(reader, type.GetDeclaringType()));
    }

    private static string FullName(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        string name = reader.GetString(type.Name);
        if (type.IsNested)
        {
            return FullName(reader, type.GetDeclaringType()) + "." + name;
        }

        string space = reader.GetString(type.Namespace);
        return space.Length == 0 ? name : space + "." + name;
    }
}
